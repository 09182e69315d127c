#!/usr/bin/env bash
# C++ tests and the embedding test under ASan+UBSan, then under TSan. Needs cmake, ninja, a compiler, and a python that
# has diskern (it writes the models that the embedding test evaluates): tools/sanitize.sh [address,undefined] [thread]
set -euo pipefail
cd "$(dirname "$0")/.."
sanitizers=("${@:-}")
if [ -z "${sanitizers[0]}" ]; then sanitizers=(address,undefined thread); fi
# GCC before 13.3 does not align the frames of this check for the 64-byte stores of AVX-512 (its bug 110027): they fault.
after_return=1
if c++ --version | grep -q "Free Software Foundation"; then
  if [ "$(printf '%s\n' 13.3 "$(c++ -dumpfullversion)" | sort -V | head -n 1)" != 13.3 ]; then after_return=0; fi
fi
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=$after_return:allocator_may_return_null=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}
models=build/sanitize-models
rm -rf "$models"
python tests/embed/make_models.py "$models"
for sanitizer in "${sanitizers[@]}"; do
  build=build/sanitize-${sanitizer//,/-}
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DDISKERN_PYTHON=OFF -DDISKERN_CUDA=OFF \
    -DDISKERN_TESTS=ON -DDISKERN_SANITIZE="$sanitizer" >/dev/null
  cmake --build "$build"
  ctest --test-dir "$build" --output-on-failure
  cmake --install "$build" --prefix "$build/prefix" --component library >/dev/null
  flags="-fsanitize=$sanitizer -fno-omit-frame-pointer -g"
  cmake -S tests/embed -B "$build/embed" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_PREFIX_PATH="$PWD/$build/prefix" \
    -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_EXE_LINKER_FLAGS="-fsanitize=$sanitizer" >/dev/null
  cmake --build "$build/embed"
  "$build/embed/embed" "$models"
  echo "clean under $sanitizer"
done
