#!/usr/bin/env bash
# Runs the libFuzzer targets under ASan and UBSan: tools/fuzz.sh [seconds per target]. Needs clang, cmake, ninja and a
# python that has diskern, which writes the first corpus. What is found is kept in build/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-120}
build=build/fuzz
compiler=${CXX:-$(command -v clang++ || command -v clang++-14 || true)}
if [ -z "$compiler" ]; then echo "fuzz.sh: clang++ is missing (Debian: apt install clang)"; exit 1; fi
python tests/fuzz/make_corpus.py "$build/corpus"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER="$compiler" -DDISKERN_FUZZ=ON \
  -DDISKERN_PYTHON=OFF -DDISKERN_CUDA=OFF -DDISKERN_SANITIZE=address,undefined >/dev/null
cmake --build "$build" --target fuzz_model fuzz_xml fuzz_foreign
for name in model xml foreign; do
  dictionary=()
  if [ -f "tests/fuzz/$name.dict" ]; then dictionary=("-dict=tests/fuzz/$name.dict"); fi
  "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=60000 \
    -artifact_prefix="$build/found-$name-" -print_final_stats=1 "${dictionary[@]}" "$build/corpus/$name"
done
