#include "trees/gradient_boosting.hpp"

#include <memory>
#include <string>

#include "base/elementwise.hpp"
#include "trees/booster.hpp"
#include "trees/boosting_check.hpp"

namespace diskern::trees {

GradientBoostingResult fit_gradient_boosting(const Context& context, const GradientBoostingParams& params,
                                             const GradientBoostingSample& sample, std::int32_t n_classes,
                                             const GradientBoostingSample* validation,
                                             const GradientBoostingExtras& extras) {
  check_params(params);
  elementwise_kernels();  // a wrong DISKERN_ISA throws here, not in a loop that may not throw
  check(context.device == Device::cpu, "gradient boosting runs on the CPU only");
  check(n_classes == 0 || n_classes >= 2,
        "at least 2 classes are needed to tell them apart, got " + std::to_string(n_classes));
  check_params(params, sample.events.columns(), n_classes);
  check(extras.loss == nullptr || params.loss == LossKind::automatic,
        "a loss is given twice: as an object and by the parameter");
  check(!extras.metric || params.early_stopping_metric == ValidationMetric::automatic,
        "a metric is given twice: as a function and by early_stopping_metric");
  const bool signs = extras.loss != nullptr;  // the losses of the parameters do with the class
  const bool repeat = extras.loss == nullptr && !extras.metric;  // these take whole arrays
  const BoostingSample training =
      pack_sample(context, sample, n_classes, params.negative_weights, "the training sample", signs, repeat);
  const std::unique_ptr<Loss> own = extras.loss == nullptr ? make_loss(params, n_classes) : nullptr;
  Loss& loss = extras.loss == nullptr ? *own : *extras.loss;
  if (validation == nullptr) return Booster(context, params, extras, loss, training, nullptr).run();
  check(validation->events.columns() == sample.events.columns(),
        "the validation sample has " + std::to_string(validation->events.columns()) +
            " variables, the training sample " + std::to_string(sample.events.columns()));
  // Negative weights stay in the validation sample: the loss is an estimate on the true distribution.
  const NegativeWeights policy = params.negative_weights;
  const bool training_only = policy == NegativeWeights::ignore || policy == NegativeWeights::pair;
  const BoostingSample held_out = pack_sample(context, *validation, n_classes,
                                              training_only ? NegativeWeights::keep : policy, "the validation sample",
                                              signs);
  return Booster(context, params, extras, loss, training, &held_out).run();
}

}  // namespace diskern::trees
