// One training step of one method on one bag: task gradients, weighting, aggregation, AdamW. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <memory>
#include <string>

#include "balancers/aggregation.h"
#include "balancers/registry.h"
#include "balancers/weighting.h"
#include "trainer/experiment.h"
#include "trainer/model.h"
#include "trainer/streams.h"
#include "trainer/updates.h"

namespace mtlgrid {

// A patient as the network sees it.
struct Example {
  at::Tensor bag;  // [N, D], of the parameters' type
  int label = 0;
  double target = 0;  // scaled
  std::string patient;
};

// Unweighted losses: cross-entropy in nats, squared error of the scaled target (NaN where there is no regression).
using TaskLosses = std::array<double, 2>;
// Of member 0, in double from the network's outputs.
TaskLosses task_losses(const ForwardPass& pass, int label, double target);

// Where a step is, for messages and random streams.
struct StepPlace {
  int epoch = 1;            // from 1
  int step = 0;             // within the epoch
  std::int64_t number = 0;  // of all steps before this one
};

// A cell's network, its optimiser and its method. One member (F = 1): packs share all of this but the class itself.
class MethodStep {
 public:
  // Parameters start from the group's stream "weights". `threads` is for the loops over parameters (torch has its own
  // setting).
  MethodStep(const Method& method, const ModelSettings& model, const TrainSettings& train, const Protocol& protocol,
             ParameterLayout layout, const GroupStreams& streams, at::Device device, int threads);
  ~MethodStep();
  MethodStep(const MethodStep&) = delete;
  MethodStep& operator=(const MethodStep&) = delete;

  // One step on `example`; `meta` is the meta bag (used by Auto-Lambda alone). Returns the losses before the step.
  // Throws Error(cell_failed) naming epoch, step, task and patient if a loss or gradient is not finite; the network
  // must not be used after that.
  TaskLosses run(const StepPlace& place, const Example& example, const Example& meta);
  void epoch_done();

  // Evaluation with the current parameters.
  ForwardPass evaluate(const at::Tensor& bag) const;

  bool joint() const { return method_.joint; }
  bool needs_meta() const;
  const ParameterLayout& layout() const { return layout_; }
  LossWeighting& weighting() { return *weighting_; }
  const LossWeighting& weighting() const { return *weighting_; }
  // The learning rate of step number `number`.
  double learning_rate(std::int64_t number) const;
  // State beyond the weighting: [1, P] each; the owner may write into them (resuming).
  const at::Tensor& parameters() const { return flat_; }
  const at::Tensor& first_moment() const { return first_; }
  const at::Tensor& second_moment() const { return second_; }
  // d L_meta / d lambda_k of the last step; empty unless the method has a meta step.
  const std::vector<double>& last_meta_gradient() const { return last_meta_gradient_; }

 private:
  struct Gradients;  // rows of K tasks, and their views
  struct Parts {     // of a row of the flat buffer: what aggregation acts on, and tokens with heads
    at::Tensor shared, own;
  };
  Parts parts(const at::Tensor& flat) const;

  DropoutMasks masks(const StepPlace& place, int pass) const;
  ForwardPass train_pass(const ModelView& parameters, const StepPlace& place, int pass, const at::Tensor& bag) const;
  void task_gradients(const ModelView& parameters, const ForwardPass& pass, const Example& example,
                      Gradients& out) const;
  void weighted_gradient(const ModelView& parameters, const ForwardPass& pass, const Example& example,
                         const std::vector<double>& weights, Gradients& out) const;
  void meta_step(const StepPlace& place, const Example& example, const Example& meta, double lr);
  std::vector<double> finite_differences(const StepPlace& place, const Example& example, double lr);
  void aggregate_and_update(const StepPlace& place, const ForwardPass& pass, const Example& example, double lr);
  std::vector<double> shared_coefficients(const StepPlace& place, const std::vector<double>& weights, at::Tensor& sum);
  bool update(const StepPlace& place, double lr, const GradientSum& shared, const GradientSum& own);
  void check_losses(const StepPlace& place, const Example& example, const TaskLosses& losses, const char* where) const;
  [[noreturn]] void fail_gradient(const StepPlace& place, const ForwardPass& pass, const Example& example);

  Method method_;
  ModelSettings model_;
  TrainSettings train_;
  Protocol protocol_;
  ParameterLayout layout_;
  GroupStreams streams_;
  int threads_;
  std::unique_ptr<LossWeighting> weighting_;
  at::Tensor flat_, first_, second_;  // [1, P]
  ModelView view_;
  std::unique_ptr<Gradients> gradients_;
  // Auto-Lambda alone: virtual parameters theta' (also theta +- eps v), and v.
  at::Tensor virtual_;
  ModelView virtual_view_;
  std::unique_ptr<Gradients> meta_gradient_;
  std::vector<double> last_meta_gradient_;
};

}  // namespace mtlgrid
