#!/bin/sh
# Build the library and C++ tests for AArch64 with Debian's cross-compiler and run them under qemu-user.
#
# tools/aarch64.sh                    # all tests
# tools/aarch64.sh test_forest_batch  # these test programs only
#
# Needs g++-aarch64-linux-gnu and qemu-user (Debian's names). JOBS limits the parallel jobs, BUILD names the folder.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build/aarch64}
jobs=${JOBS:-2}
for program in aarch64-linux-gnu-g++ qemu-aarch64; do
  command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 2; }
done
cmake --preset aarch64 -B "$build" >/dev/null
if [ $# -eq 0 ]; then
  cmake --build "$build" -j "$jobs"
  ctest --test-dir "$build" -j "$jobs" --output-on-failure
  exit
fi
cmake --build "$build" -j "$jobs" --target "$@"
for test in "$@"; do
  ctest --test-dir "$build" -R "^$test\$" --no-tests=error --output-on-failure
done
