#include "trees/tmva_fisher.hpp"

#include <cmath>
#include <utility>

namespace diskern::trees {

bool invert_symmetric(std::vector<double>& matrix, std::size_t n) {
  // Gauss-Jordan with row pivoting.
  std::vector<double> inverse(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) inverse[i * n + i] = 1;
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < n; ++row) {
      if (std::abs(matrix[row * n + column]) > std::abs(matrix[pivot * n + column])) pivot = row;
    }
    const double value = matrix[pivot * n + column];
    if (!(std::abs(value) > 1e-120) || !std::isfinite(value)) return false;
    for (std::size_t j = 0; j < n; ++j) {
      std::swap(matrix[pivot * n + j], matrix[column * n + j]);
      std::swap(inverse[pivot * n + j], inverse[column * n + j]);
    }
    for (std::size_t j = 0; j < n; ++j) {
      matrix[column * n + j] /= value;
      inverse[column * n + j] /= value;
    }
    for (std::size_t row = 0; row < n; ++row) {
      if (row == column) continue;
      const double factor = matrix[row * n + column];
      if (factor == 0) continue;
      for (std::size_t j = 0; j < n; ++j) {
        matrix[row * n + j] -= factor * matrix[column * n + j];
        inverse[row * n + j] -= factor * inverse[column * n + j];
      }
    }
  }
  for (const double value : inverse) {
    if (!std::isfinite(value)) return false;
  }
  matrix = std::move(inverse);
  return true;
}

std::optional<FisherCombination> fisher_combination(const TmvaForestParams& params, const Columns& columns,
                                                    const NodeEvents& events,
                                                    const std::vector<std::uint8_t>& use_variable) {
  const std::size_t n = columns.count();
  double weight[2] = {0, 0};
  std::vector<double> mean[2];
  std::vector<double> covariance[2];
  for (int c : {0, 1}) {
    mean[c].assign(n, 0.0);
    covariance[c].assign(n * n, 0.0);
  }
  for (std::size_t k = 0; k < events.count; ++k) {
    const std::uint8_t c = events.signal(k);
    weight[c] += events.weight(k);
    for (std::size_t j = 0; j < n; ++j) {
      mean[c][j] += static_cast<double>(columns.column[j][events.event(k)]) * events.weight(k);
    }
  }
  if (!(weight[0] > 0) || !(weight[1] > 0)) return std::nullopt;
  for (int c : {0, 1}) {
    for (double& value : mean[c]) value /= weight[c];
  }
  std::vector<double> x(n);
  for (std::size_t k = 0; k < events.count; ++k) {
    const std::uint8_t c = events.signal(k);
    for (std::size_t j = 0; j < n; ++j) x[j] = static_cast<double>(columns.column[j][events.event(k)]) - mean[c][j];
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) covariance[c][i * n + j] += x[i] * x[j] * events.weight(k);
    }
  }

  FisherCombination result;
  result.takes_part.assign(n, 0);
  for (int c : {0, 1}) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 1; j < n; ++j) {
        const double scale = covariance[c][i * n + i] * covariance[c][j * n + j];
        if (scale > 0 && std::abs(covariance[c][i * n + j] / std::sqrt(scale)) > params.MinLinCorrForFisher) {
          result.takes_part[i] = result.takes_part[j] = 1;
        }
      }
    }
  }
  std::vector<std::size_t> map;
  for (std::size_t i = 0; i < n; ++i) {
    if (use_variable[i] == 0) result.takes_part[i] = 0;
    if (result.takes_part[i] != 0) map.push_back(i);
  }
  const std::size_t m = map.size();
  if (m == 0) return std::nullopt;

  std::vector<double> within(m * m);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < m; ++j) {
      const std::size_t at = map[i] * n + map[j];
      within[i * m + j] = covariance[1][at] / weight[1] + covariance[0][at] / weight[0];
    }
  }
  if (!invert_symmetric(within, m)) return std::nullopt;
  const double factor = std::sqrt(weight[1] * weight[0]) / (weight[1] + weight[0]);
  result.coefficients.assign(n + 1, 0.0);
  double constant = 0;
  for (std::size_t i = 0; i < m; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < m; ++j) sum += within[i * m + j] * (mean[1][map[j]] - mean[0][map[j]]);
    result.coefficients[map[i]] = sum * factor;
    constant += result.coefficients[map[i]] * (mean[1][map[i]] + mean[0][map[i]]);
  }
  result.coefficients[n] = constant / -2.0;
  for (const double coefficient : result.coefficients) {
    if (!std::isfinite(coefficient)) return std::nullopt;
  }
  return result;
}

}  // namespace diskern::trees
