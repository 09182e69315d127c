#pragma once
// Flatness by neighbours in place of bins: the distribution of the score around an event against that of its class.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "diskern/context.hpp"
#include "trees/flatness.hpp"
#include "trees/neighbourhoods.hpp"

namespace diskern::trees {

// With F the cumulative distribution of the scores of the class and F_g that of neighbourhood g, of G of them:
//   value         1/G sum over g of  integral (F_g(t) - F(t))^2 dt
//   derivative[i] 2 (mean of F_g - F) + 2 sum over the neighbourhoods g of event i of  W / (G W_g) (F - F_g)
// at s_i, where F(s) is the mean of its limits from both sides; weight[i] * derivative[i] / W is the derivative of the
// value by s_i, exactly. Where the neighbourhoods divide the class, both are those of FlatnessTerm but for the weights
// of the bins.
class NeighbourFlatnessTerm final : public UniformityTerm {
 public:
  // variables: column by column, as for Neighbourhoods. Neighbourhoods of `events` events around at most
  // `most_neighbourhoods` of the points, evenly taken in the order of the variables. Throws InvalidArgument.
  NeighbourFlatnessTerm(const Context& context, const double* variables, std::size_t n, std::size_t n_variables,
                        const std::vector<double>& weight, double events, std::size_t most_neighbourhoods,
                        const std::string& name);

  std::size_t size() const noexcept override { return surroundings_.event_count(); }
  // The power is 2, whatever is given. Not to be called from two threads at once: memory is kept from call to call.
  double evaluate(const Context& context, const double* score, double power, double* derivative) const override;
  // The same from the definition, for tests.
  double reference(const double* score, double* derivative) const;

 private:
  // With S_g the sum of the weights of neighbourhood g up to some score, F_g = S_g / W_g. Of a part of the neighbourhoods,
  // numbered from 0 within it: what one thread works on.
  struct Group {
    double sum;             // S_g, an integer
    double inverse_square;  // 1 / W_g^2
  };
  struct Part {
    std::vector<std::size_t> first;    // per point and one more
    std::vector<std::uint32_t> group;  // neighbourhoods that hold the point, ascending
    std::vector<double> inverse_square;
    mutable std::vector<Group> groups;
  };
  void build_part(Part& part, std::size_t begin, std::size_t end);
  void sweep(const Part& part, double* twice) const;

  Neighbourhoods surroundings_;
  std::vector<Part> parts_;
  // Per point: sum of 1 / W_g over its neighbourhoods, and the same as an integer, which is worth inverse_unit_.
  std::vector<double> inverse_;
  std::vector<std::int64_t> inverse_integer_;
  double inverse_unit_ = 1;
  double square_scale_ = 1;  // makes integers below 2^60 of sums of 2 S_g / W_g^2
  mutable std::vector<std::uint64_t> keys_, keys_other_;
  mutable std::vector<std::uint32_t> order_, order_other_;
  mutable std::vector<double> twice_;
};

}  // namespace diskern::trees
