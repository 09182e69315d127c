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
  // A part of the neighbourhoods, which are numbered from 0 within it: what one thread works on.
  struct Part {
    std::vector<std::size_t> centre;   // point of each neighbourhood
    std::vector<std::size_t> first;    // per point and one more
    std::vector<std::uint32_t> group;  // neighbourhoods that hold the point, ascending
  };
  double sweep(const Part& part, const double* global, double* derivative) const;

  Neighbourhoods surroundings_;
  std::size_t n_groups_ = 0;
  std::vector<Part> parts_;
  mutable std::vector<std::uint64_t> keys_, keys_other_;
  mutable std::vector<std::uint32_t> order_, order_other_;
};

}  // namespace diskern::trees
