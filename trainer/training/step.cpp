#include "trainer/training/step.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <stdexcept>

#include "balancers/aggregations/make_aggregator.h"
#include "balancers/weightings/make_weighting.h"
#include "base/errors.h"
#include "trainer/kernels/gpu_kernels.h"
#include "trainer/training/step_gradients.h"

namespace mtlgrid {
namespace {

at::ScalarType type_of(const TrainSettings& train) { return train.precision == "fp64" ? at::kDouble : at::kFloat; }

StackMember make_member(const Method& method, const Protocol& protocol) {
  return {method,
          make_weighting(method.weighting.name, method.joint ? 2 : 1, protocol),
          make_aggregator(method.aggregation.name, protocol),
          {},
          {}};
}

}  // namespace

bool stackable(const Method& a, const Method& b) {
  return a.joint == b.joint && a.separate_gradients() == b.separate_gradients() &&
         a.weighting.meta_step == b.weighting.meta_step;
}

StackStep::StackStep(const Method& method, const ModelSettings& model, const TrainSettings& train,
                     const Protocol& protocol, ParameterLayout layout, const GroupStreams& streams, at::Device device,
                     int threads, bool record)
    : stack_{{}, model, train, protocol, std::move(layout), streams, threads, record, {}, {}, {}} {
  stack_.members.push_back(make_member(method, protocol));
  const std::int64_t parameters = stack_.layout.total;
  const at::TensorOptions options = at::TensorOptions().dtype(type_of(train)).device(device);
  const at::Tensor start = at::empty({1, parameters}, at::TensorOptions().dtype(at::kFloat));
  initialise(stack_.layout, streams.weights, {start.data_ptr<float>(), static_cast<std::size_t>(parameters)});
  stack_.flat = start.to(options);
  stack_.first = at::zeros({1, parameters}, options);
  stack_.second = at::zeros({1, parameters}, options);
  allocate();
}

StackStep::~StackStep() = default;
StackStep::StackStep(StackStep&&) noexcept = default;

void StackStep::allocate() {
  view_ = make_views(stack_.layout, stack_.model, stack_.flat);
  not_finite_ = at::zeros({static_cast<std::int64_t>(size())}, stack_.flat.options().dtype(at::kInt));
  const std::int64_t tasks = method().separate_gradients() ? 2 : 1;
  gradients_ = std::make_unique<GradientRows>(stack_.layout, stack_.model, size(), tasks, stack_.flat.options());
  const PassNetwork network = {view_, gradients_->view, stack_.model, joint()};
  passes_ = std::make_unique<TrainingPasses>(network, tasks, stack_.record);
  if (needs_meta()) meta_step_ = std::make_unique<MetaStep>(stack_);
}

void StackStep::join(StackStep&& other) {
  if (!stackable(method(), other.method())) {
    throw Error(ErrorKind::fatal, "networks whose methods take different passes were to be stacked");
  }
  for (StackMember& member : other.stack_.members) stack_.members.push_back(std::move(member));
  other.stack_.members.clear();
  stack_.flat = at::cat({stack_.flat, other.stack_.flat});
  stack_.first = at::cat({stack_.first, other.stack_.first});
  stack_.second = at::cat({stack_.second, other.stack_.second});
  allocate();
}

void StackStep::remove(std::size_t member) {
  stack_.members.erase(stack_.members.begin() + static_cast<std::ptrdiff_t>(member));
  if (stack_.members.empty()) return;
  const auto without = [&](const at::Tensor& rows) {
    const auto i = static_cast<std::int64_t>(member);
    return at::cat({rows.narrow(0, 0, i), rows.narrow(0, i + 1, rows.size(0) - i - 1)});
  };
  stack_.flat = without(stack_.flat);
  stack_.first = without(stack_.first);
  stack_.second = without(stack_.second);
  allocate();
}

bool StackStep::needs_gram() const {
  return std::any_of(stack_.members.begin(), stack_.members.end(),
                     [](const StackMember& m) { return m.method.aggregation.input == AggregationInput::gram; });
}

bool StackStep::needs_meta() const { return method().weighting.meta_step; }

double StackStep::learning_rate(std::int64_t number) const {
  const TrainSettings& train = stack_.train;
  if (!stack_.protocol.cosine_per_batch || !joint()) return train.lr;
  // The released code gives the scheduler its number of epochs as T_max, then steps it once a batch.
  return train.lr * (1 + std::cos(std::numbers::pi * static_cast<double>(number) / train.epochs)) / 2;
}

void StackStep::network_gradients(const at::Tensor& outputs, const Example& example) {
  std::vector<std::vector<std::vector<double>>> factors(size(), {{1, 0}, {0, 1}});
  if (gradients_->tasks_a_member == 1) {
    for (std::size_t f = 0; f < size(); ++f) factors[f] = {weighting(f).weights()};
  }
  const OutputGradients by = output_gradients(outputs, example, factors);
  passes_->backward(by.logits, by.regression);
}

std::vector<MemberStep> StackStep::run(const StepPlace& place, const Example& example, const Example& meta) {
  const c10::InferenceMode guard;
  for (StackMember& member : stack_.members) member.step = {};
  const double lr = learning_rate(place.number);
  if (needs_meta() && !stack_.protocol.autol_reuse_masks) {
    const at::Tensor outputs = passes_->forward(example.bag, stack_.masks(place, PassNumber::virtual_step));
    stack_.checked_losses(place, outputs, example, "");
    network_gradients(outputs, example);
    meta_step_->run(stack_, *gradients_, place, example, meta, lr);
  }
  const at::Tensor outputs = passes_->forward(example.bag, stack_.masks(place, PassNumber::network));
  const std::vector<TaskLosses> losses = stack_.checked_losses(place, outputs, example, "");
  network_gradients(outputs, example);
  // The gradients of the network's own step serve the meta step as well: one forward pass of the training bag.
  if (needs_meta() && stack_.protocol.autol_reuse_masks) {
    meta_step_->run(stack_, *gradients_, place, example, meta, lr);
  }
  if (needs_gram()) gram_products_ = member_products(gradients_->shared, gradients_->shared, size());
  update_all(place, lr);
  const at::Tensor not_finite = not_finite_.cpu();
  std::vector<MemberStep> results;
  for (std::size_t f = 0; f < size(); ++f) {
    StackMember& member = stack_.members[f];
    member.step.losses = losses[f];
    if (member.good() && not_finite.const_data_ptr<int>()[f] != 0) fail_gradient(f, place, example);
    if (member.good()) member.weighting->step_done(std::span(losses[f].data(), joint() ? 2 : 1), lr);
    results.push_back(member.step);
  }
  passes_->release();
  if (meta_step_) meta_step_->release();
  return results;
}

// The shared parameters' gradient of a step, from one row of the weighted sum already, or one a task.
GradientSum StackStep::aggregate_shared(std::size_t member, const StepPlace& place,
                                        const std::vector<double>& weights) {
  if (gradients_->tasks_a_member == 1) return gradients_->shared_sum(member, {1});
  static const std::vector<double> kNoProducts;
  const AggregationRow& row = method(member).aggregation;
  const bool gram = row.input == AggregationInput::gram;
  const RandomStream stream = stack_.streams.aggregation(row.name)
                                  .child(static_cast<std::uint64_t>(place.epoch))
                                  .child(static_cast<std::uint64_t>(place.step));
  StepGradients task_gradients(*gradients_, member, weights, gram ? gram_products_[member] : kNoProducts, row.input,
                               stream);
  return task_gradients.sum_of(aggregator(member).aggregate(task_gradients));
}

// The optimiser's step of every member that is good. Those whose gradients are not finite are marked in `not_finite_`.
void StackStep::update_all(const StepPlace& place, double lr) {
  const AdamW settings = {.lr = lr, .weight_decay = stack_.train.weight_decay};
  const std::int64_t step = place.number + 1, shared_size = stack_.layout.shared;
  // `baseline` leaves regression token and head alone, which are the last.
  const std::int64_t trained = (joint() ? stack_.layout.total : stack_.layout.classification) - shared_size;
  const bool together = !stack_.flat.is_cpu();
  std::vector<GradientSum> shared(size()), own(size());
  not_finite_.zero_();
  for (std::size_t f = 0; f < size(); ++f) {
    const at::Tensor mark = not_finite_.narrow(0, static_cast<std::int64_t>(f), 1);
    if (!stack_.members[f].good()) {
      if (together) mark.fill_(1);  // not to be updated
      continue;
    }
    const std::vector<double> weights = weighting(f).weights();
    try {
      shared[f] = aggregate_shared(f, place, weights);
    } catch (const std::domain_error&) {  // not finite
      mark.fill_(1);
      continue;
    }
    own[f] = gradients_->own_sum(f, gradients_->tasks_a_member == 1 ? std::vector<double>{1} : weights);
    for (at::Tensor& row : own[f].row) row = row.narrow(0, 0, trained);
    if (together) continue;
    const StackState::Parts p = stack_.parts(stack_.flat, f), m = stack_.parts(stack_.first, f),
                            v = stack_.parts(stack_.second, f);
    const auto used = [&](const at::Tensor& t) { return t.narrow(0, 0, trained); };
    adamw_step(settings, step, shared[f], p.shared, m.shared, v.shared, stack_.threads, mark);
    adamw_step(settings, step, own[f], used(p.own), used(m.own), used(v.own), stack_.threads, mark);
  }
  if (!together) return;
  gpu::find_not_finite(own, trained, not_finite_);  // before anything is changed
  const auto update = [&](const std::vector<GradientSum>& sums, std::int64_t begin, std::int64_t count) {
    const auto part = [&](const at::Tensor& flat) { return flat.narrow(1, begin, count); };
    gpu::adamw_steps(settings, step, sums, part(stack_.flat), part(stack_.first), part(stack_.second), not_finite_);
  };
  update(shared, 0, shared_size);
  update(own, shared_size, trained);
}

// Names the task whose gradient is not finite, from gradients of one row a task: those at hand, or computed again. On
// the CPU the failed update may have put what is not finite into the parameters; then no task can be told any more.
void StackStep::fail_gradient(std::size_t member, const StepPlace& place, const Example& example) {
  if (gradients_->tasks_a_member == (joint() ? 2 : 1)) {
    stack_.fail_task(member, place, example, *gradients_);
  } else if (all_finite(stack_.flat[static_cast<std::int64_t>(member)])) {
    const std::vector<std::vector<double>> each = {{1, 0}, {0, 1}};
    GradientRows rows(stack_.layout, stack_.model, size(), 2, stack_.flat.options());
    const ForwardPass pass = passes_->last(example.bag, stack_.masks(place, PassNumber::network));
    const OutputGradients by = output_gradients(pass.outputs, example, {size(), each});
    const auto there = [&](const at::Tensor& t) { return t.defined() ? t.to(stack_.flat.options()) : t; };
    backward(view_, pass, there(by.logits), there(by.regression), rows.view);
    stack_.fail_task(member, place, example, rows);
  }
  stack_.members[member].fail(describe(place, example.patient) + ": the sum of the tasks' gradients is not finite");
}

void StackStep::epoch_done(std::size_t member) { weighting(member).epoch_done(); }

ForwardPass StackStep::evaluate(const at::Tensor& bag) const {
  return forward(view_, stack_.model, bag, joint(), nullptr);
}

}  // namespace mtlgrid
