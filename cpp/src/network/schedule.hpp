#pragma once
// How the learning rate changes during a training.

#include <cstdint>
#include <string_view>

namespace diskern::network {

enum class ScheduleKind : std::uint8_t {
  constant = 0,
  step = 1,        // x factor after every `period` epochs
  cosine = 2,      // from the learning rate down to final_fraction of it along half a cosine (arXiv:1608.03983)
  one_cycle = 3,   // up to the learning rate in the first `warmup_fraction` of the steps, then down (arXiv:1708.07120)
  plateau = 4,     // x factor when the loss has not improved for `period` epochs
  exponential = 5  // x factor after every epoch
};

struct ScheduleParams {
  ScheduleKind kind = ScheduleKind::constant;
  double factor = 0.1;
  std::int32_t period = 10;         // epochs
  double improvement = 1e-4;        // plateau: a decrease of more than this
  double final_fraction = 0.0;      // cosine, one_cycle: of the learning rate, at the end
  double initial_fraction = 0.04;   // one_cycle: of the learning rate, at the beginning
  double warmup_fraction = 0.3;     // one_cycle: of all steps
  double smallest_fraction = 1e-4;  // step, plateau, exponential: never below this fraction of the learning rate
};

const char* name(ScheduleKind kind) noexcept;
// InvalidArgument for an unknown name; the message lists the known ones, near misses first.
ScheduleKind schedule_of_name(std::string_view name);

// Throws InvalidArgument for constants out of range.
void check_schedule(const ScheduleParams& params);

class Schedule {
 public:
  // steps: those of the whole training, if it runs to its end.
  Schedule(const ScheduleParams& params, double learning_rate, std::uint64_t steps);

  // The learning rate of a step, counted from 0.
  double rate(std::uint64_t step) const noexcept;
  // After every epoch; loss is what the training watches (validation where there is one), NaN where it was not computed.
  void finish_epoch(double loss) noexcept;

 private:
  ScheduleParams params_;
  double learning_rate_;
  double steps_;
  double fraction_ = 1.0;
  std::int32_t epochs_ = 0;
  std::int32_t without_improvement_ = 0;
  double best_;
};

}  // namespace diskern::network
