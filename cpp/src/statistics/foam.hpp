#pragma once
// TMVA's PDEFoam: a box divided into cells by a tree, each of which holds what the events in it have in common
// (Dannheim, Voigt, Grahn, Speckmayer, Carli, Nucl. Instrum. Meth. A 606, 717, 2009).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/predictor.hpp"

namespace diskern::statistics {

// Cells of the unit cube; the cell of number 0 is the whole. Daughters come behind their mother.
struct FoamCells {
  std::vector<std::int32_t> dimension;  // that the cell is divided in
  std::vector<double> split;            // the edge, as a part of the cell's side
  std::vector<std::int32_t> left;       // daughters; negative: a leaf
  std::vector<std::int32_t> right;
  std::vector<double> value;  // of leaves: discriminant, target, or sum of weights
  std::vector<double> error;  // of leaves; of a target: sum of weights
};

class Foam {
 public:
  static constexpr std::size_t maximum_dimensions = 256;
  static constexpr std::size_t maximum_cells = std::size_t{1} << 20;

  // The cube is [minimum, maximum] in each dimension. Throws FormatError unless the cells are a tree and numbers are
  // finite.
  Foam(std::vector<double> minimum, std::vector<double> maximum, FoamCells cells);

  std::size_t dimensions() const noexcept { return minimum_.size(); }
  const std::vector<double>& minimum() const noexcept { return minimum_; }
  const std::vector<double>& maximum() const noexcept { return maximum_; }
  const FoamCells& cells() const noexcept { return cells_; }
  const std::vector<std::int32_t>& leaves() const noexcept { return leaves_; }
  double value(std::size_t cell) const noexcept { return cells_.value[cell]; }
  // Lower corner and sides in the unit cube.
  const double* corner(std::size_t cell) const noexcept { return corner_.data() + cell * dimensions(); }
  const double* sides(std::size_t cell) const noexcept { return sides_.data() + cell * dimensions(); }
  double volume(std::size_t cell) const noexcept { return volume_[cell]; }

  float to_unit(std::size_t j, float x) const noexcept {
    return static_cast<float>((static_cast<double>(x) - minimum_[j]) / (maximum_[j] - minimum_[j]));
  }
  double from_unit(std::size_t j, double u) const noexcept { return minimum_[j] + u * (maximum_[j] - minimum_[j]); }
  // The leaf of a point in the unit cube; points outside belong to the cells at the surface.
  std::size_t find(const float* unit) const noexcept;

  void write(archive::Group& group) const;
  static Foam read(const archive::Group& group);

 private:
  std::vector<double> minimum_;
  std::vector<double> maximum_;
  FoamCells cells_;
  std::vector<std::int32_t> leaves_;
  std::vector<double> corner_;
  std::vector<double> sides_;
  std::vector<double> volume_;
  std::vector<double> edge_;  // of the division, in the unit cube
};

enum class FoamKind : std::uint8_t {
  discriminant,   // one foam of S / (S + B)
  separate,       // foams of signal and of background
  multiclass,     // one foam of discriminants for each class; the response is their softmax, as in TMVA
  target,         // one foam of the mean target
  multi_target,   // one foam of densities in variables and targets
};
enum class FoamKernel : std::uint8_t { none, gauss, linear_neighbours };
enum class FoamTarget : std::uint8_t { mean, most_probable };

struct FoamResponse {
  FoamKind kind = FoamKind::discriminant;
  FoamKernel kernel = FoamKernel::none;
  double sigma = 1.0 / 30.0;  // of the Gaussian kernel, in the unit cube
  bool yes_no = false;        // 1 and -1 instead of a discriminant
  FoamTarget target = FoamTarget::mean;
};

class FoamPredictor final : public Predictor {
 public:
  // n_inputs variables; foams of more dimensions have the targets behind them. Throws FormatError.
  FoamPredictor(std::size_t n_inputs, FoamResponse response, std::vector<Foam> foams);
  std::string_view kind() const noexcept override { return "foam"; }
  std::size_t input_count() const noexcept override { return n_inputs_; }
  std::size_t output_count() const noexcept override { return n_outputs_; }
  using Predictor::evaluate;
  void evaluate(const float* variables, double* responses) const noexcept override;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const FoamResponse& response() const noexcept { return response_; }
  const std::vector<Foam>& foams() const noexcept { return foams_; }

 private:
  // What a leaf says: density, discriminant or target; NaN for a leaf of targets without events.
  double leaf_value(const Foam& foam, std::size_t cell) const noexcept;
  double neighbours_mean(const Foam& foam, const float* unit, std::size_t cell) const noexcept;
  double cell_value(const Foam& foam, const float* unit, std::size_t cell) const noexcept;
  double gauss_weight(const Foam& foam, const float* unit, std::size_t cell) const noexcept;
  double value(const Foam& foam, const float* variables) const noexcept;
  void targets(const Foam& foam, const float* variables, double* responses) const noexcept;

  std::size_t n_inputs_;
  std::size_t n_outputs_ = 0;
  FoamResponse response_;
  std::vector<Foam> foams_;
};

}  // namespace diskern::statistics
