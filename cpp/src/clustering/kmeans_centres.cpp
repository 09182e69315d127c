#include "clustering/kmeans_centres.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "clustering/kmeans.hpp"
#include "diskern/error.hpp"

namespace diskern::clustering {

void check_centres(const double* centres, std::size_t size, std::size_t dimensions) {
  if (size == 0 || size % dimensions != 0) {
    throw InvalidArgument("the centres have " + std::to_string(size) + " coordinates, expected a positive multiple of " +
                          std::to_string(dimensions) + ", the number of dimensions of the points");
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (!(std::abs(centres[i]) <= 1e150)) {
      throw InvalidArgument("coordinate " + std::to_string(i % dimensions) + " of centre " +
                            std::to_string(i / dimensions) + " is " + std::to_string(centres[i]) +
                            "; expected finite numbers up to 1e150");
    }
  }
}

std::vector<double> padded_rows(const std::vector<double>& rows, std::size_t dimensions) {
  const std::size_t width = padded_dimensions(dimensions);
  std::vector<double> padded(rows.size() / dimensions * width, 0.0);
  for (std::size_t i = 0; i < rows.size(); ++i) padded[i / dimensions * width + i % dimensions] = rows[i];
  return padded;
}

}  // namespace diskern::clustering
