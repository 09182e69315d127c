#pragma once
// The normal distribution.

namespace diskern::statistics {

// x with Phi(x) = p for p in (0, 1), to about 1e-16 relative (Wichura, algorithm AS 241, Appl. Statist. 37 (1988) 477).
double normal_quantile(double p) noexcept;

// x with erf(x) = y for y in (-1, 1).
double inverse_error_function(double y) noexcept;

}  // namespace diskern::statistics
