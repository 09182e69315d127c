#pragma once
// Intrinsics where the instruction set of the unit has them. Part of the training kernel unit.

#if defined(__AVX512F__)
// GCC 12 takes the undefined vectors within its own header for an oversight.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#endif
