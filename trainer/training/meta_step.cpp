#include "trainer/training/meta_step.h"

#include <ATen/ops/empty_like.h>

#include <cmath>
#include <string>
#include <vector>

namespace mtlgrid {

MetaStep::MetaStep(const StackState& stack)
    : virtual_(at::empty_like(stack.flat)),
      gradients_(std::make_unique<GradientRows>(stack.layout, stack.model, stack.size(), 1, stack.flat.options())) {
  const PassNetwork network = {make_views(stack.layout, stack.model, virtual_), gradients_->view, stack.model,
                               stack.joint()};
  // The finite difference's passes over the training bag have no backward pass, which a recording would need.
  passes_ = std::make_unique<TrainingPasses>(network, 1, stack.record && stack.protocol.autol_exact);
}

// theta' = theta - lr (sum_k lambda_k grad L_k + weight_decay theta).
void MetaStep::step_ahead(const StackState& stack, const GradientRows& rows, double lr) {
  const double decay = stack.train.weight_decay;
  for (std::size_t f = 0; f < stack.size(); ++f) {
    const std::vector<double> lambda = stack.members[f].weighting->weights();
    const StackState::Parts theta = stack.parts(stack.flat, f), ahead = stack.parts(virtual_, f);
    gradient_step(lr, decay, rows.shared_sum(f, lambda), theta.shared, ahead.shared, stack.threads);
    gradient_step(lr, decay, rows.own_sum(f, lambda), theta.own, ahead.own, stack.threads);
  }
}

void MetaStep::run(StackState& stack, const GradientRows& rows, const StepPlace& place, const Example& example,
                   const Example& meta, double lr) {
  step_ahead(stack, rows, lr);
  const at::Tensor outputs = passes_->forward(meta.bag, stack.masks(place, PassNumber::meta));
  for (std::size_t f = 0; f < stack.size(); ++f) {
    if (outputs_finite(outputs, static_cast<std::int64_t>(f))) continue;
    stack.fail_task(f, place, example, rows);  // it may be the training bag's gradient that led there
  }
  stack.checked_losses(place, outputs, meta, " of the meta bag");
  const std::vector<double> tasks = {1.0, stack.protocol.autol_primary_all ? 1.0 : 0.0};
  const OutputGradients by = output_gradients(outputs, meta, {stack.size(), {tasks}});
  passes_->backward(by.logits, by.regression);
  if (stack.protocol.autol_exact) {
    exact_gradients(stack, rows, lr);
  } else {
    finite_differences(stack, place, example, lr);
  }
  for (StackMember& member : stack.members) {
    for (std::size_t k = 0; k < 2; ++k) {
      if (std::isfinite(member.meta_gradient[k])) continue;
      member.fail(describe(place, meta.patient) + ": Auto-Lambda's meta gradient of the " + kTaskNames[k] +
                  " weight is " + std::to_string(member.meta_gradient[k]));
    }
    if (member.good()) member.weighting->meta_step(member.meta_gradient);
  }
}

void MetaStep::exact_gradients(StackState& stack, const GradientRows& rows, double lr) const {
  const auto shared = member_products(rows.shared, gradients_->shared, stack.size());
  const auto own = member_products(rows.own, gradients_->own, stack.size());
  for (std::size_t f = 0; f < stack.size(); ++f) {
    stack.members[f].meta_gradient = {-lr * (shared[f][0] + own[f][0]), -lr * (shared[f][1] + own[f][1])};
  }
}

// The released code's: -lr (L_k(theta + eps v) - L_k(theta - eps v)) / (2 eps) on the training bag, eps = 0.01 / |v|.
void MetaStep::finite_differences(StackState& stack, const StepPlace& place, const Example& example, double lr) {
  std::vector<double> eps;
  const auto shared = member_products(gradients_->shared, gradients_->shared, stack.size());
  const auto own = member_products(gradients_->own, gradients_->own, stack.size());
  for (std::size_t f = 0; f < stack.size(); ++f) {
    const double norm = std::sqrt(shared[f][0] + own[f][0]);
    eps.push_back(norm == 0 ? 0 : 0.01 / norm);  // without a direction there is no difference
  }
  std::vector<TaskLosses> at_sign[2];
  for (int sign = 0; sign < 2; ++sign) {
    for (std::size_t f = 0; f < stack.size(); ++f) {
      const StackState::Parts theta = stack.parts(stack.flat, f), out = stack.parts(virtual_, f);
      const double factor = sign == 0 ? eps[f] : -eps[f];
      offset(theta.shared, factor, gradients_->shared_of(f)[0], out.shared, stack.threads);
      offset(theta.own, factor, gradients_->own_of(f)[0], out.own, stack.threads);
    }
    const PassNumber pass = sign == 0 ? PassNumber::plus : PassNumber::minus;
    const at::Tensor outputs = passes_->forward(example.bag, stack.masks(place, pass));
    for (std::size_t f = 0; f < stack.size(); ++f) {
      at_sign[sign].push_back(task_losses(outputs, example.label, example.target, static_cast<std::int64_t>(f)));
    }
  }
  for (std::size_t f = 0; f < stack.size(); ++f) {
    const auto slope = [&](std::size_t k) {
      return eps[f] == 0 ? 0 : -lr * (at_sign[0][f][k] - at_sign[1][f][k]) / (2 * eps[f]);
    };
    stack.members[f].meta_gradient = {slope(0), slope(1)};
  }
}

}  // namespace mtlgrid
