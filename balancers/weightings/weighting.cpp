#include "balancers/weightings/weighting.h"

#include <stdexcept>
#include <string>

#include "balancers/weightings/auto_lambda.h"
#include "balancers/weightings/checks.h"
#include "balancers/weightings/dwa.h"
#include "balancers/weightings/equal.h"
#include "balancers/weightings/uncertainty.h"

namespace mtlgrid {

void LossWeighting::meta_step(std::span<const double> /*meta_gradient*/) {
  throw std::invalid_argument("a meta step was made for a loss weighting that needs none");
}

void LossWeighting::step_done(std::span<const double> losses, double /*learning_rate*/) {
  require_finite_per_task(losses, weights().size(), "loss");
}

void LossWeighting::epoch_done() {}

std::unique_ptr<LossWeighting> make_weighting(Weighting kind, int tasks, const Protocol& protocol) {
  if (tasks < 1) throw std::invalid_argument("a loss weighting of " + std::to_string(tasks) + " tasks");
  switch (kind) {
    case Weighting::equal:
      return std::make_unique<EqualWeighting>(tasks);
    case Weighting::dwa:
      return std::make_unique<DynamicWeightAverage>(tasks, protocol);
    case Weighting::uncert:
      return std::make_unique<UncertaintyWeighting>(tasks, protocol);
    case Weighting::autol:
      return std::make_unique<AutoLambda>(tasks, protocol);
  }
  throw std::invalid_argument("unknown loss weighting");
}

}  // namespace mtlgrid
