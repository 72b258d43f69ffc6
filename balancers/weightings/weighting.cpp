#include "balancers/weightings/weighting.h"

#include <stdexcept>

#include "balancers/weightings/checks.h"

namespace mtlgrid {

void LossWeighting::meta_step(std::span<const double> /*meta_gradient*/) {
  throw std::invalid_argument("meta_step() was called on a loss weighting that does not take meta steps");
}

void LossWeighting::step_done(std::span<const double> losses, double /*learning_rate*/) {
  require_finite_per_task(losses, weights().size(), "loss");
}

void LossWeighting::epoch_done() {}

}  // namespace mtlgrid
