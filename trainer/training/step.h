// One training step on one bag: task gradients, weighting, aggregation, AdamW, for a stack of cells. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "balancers/aggregations/aggregation.h"
#include "balancers/methods/registry.h"
#include "balancers/weightings/weighting.h"
#include "trainer/contract/experiment.h"
#include "trainer/contract/streams.h"
#include "trainer/kernels/updates.h"
#include "trainer/network/passes.h"

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
// Of one member, in double from the network's outputs (those of a ForwardPass).
TaskLosses task_losses(const at::Tensor& outputs, int label, double target, std::int64_t member = 0);
inline TaskLosses task_losses(const ForwardPass& pass, int label, double target, std::int64_t member = 0) {
  return task_losses(pass.outputs, label, target, member);
}

// Where a step is, for messages and random streams.
struct StepPlace {
  int epoch = 1;            // from 1
  int step = 0;             // within the epoch
  std::int64_t number = 0;  // of all steps before this one
};

// What a step made of one member: its losses before the step or, where a loss or gradient was not finite, an
// Error(cell_failed) naming epoch, step, task and patient. The member must not be trained any further after that; the
// others of the stack are untouched.
struct MemberStep {
  TaskLosses losses = {};
  std::exception_ptr error;
  // The losses, or the error thrown.
  const TaskLosses& value() const {
    if (error) std::rethrow_exception(error);
    return losses;
  }
};

// Whether two methods' steps take the same passes, so that their networks can be stacked.
bool stackable(const Method& a, const Method& b);

// F networks of one group, trained by methods that are stackable, with their optimisers: passes over a bag are done for
// all at once. F = 1 is the plain case. A member's result does not depend on the others: on the CPU to the last bit.
class StackStep {
 public:
  // One member. Parameters start from the group's stream "weights". `threads` is for the loops over parameters (torch
  // has its own setting); `record` as in TrainingPasses.
  StackStep(const Method& method, const ModelSettings& model, const TrainSettings& train, const Protocol& protocol,
            ParameterLayout layout, const GroupStreams& streams, at::Device device, int threads, bool record = true);
  ~StackStep();
  StackStep(StackStep&&) noexcept;
  StackStep& operator=(StackStep&&) = delete;

  // Takes in the members of `other`, of the same group and stackable, behind its own; `other` is empty after that.
  void join(StackStep&& other);
  // Drops a member; those behind it move up.
  void remove(std::size_t member);

  // One step of every member on `example`; `meta` is the meta bag (used by Auto-Lambda alone).
  std::vector<MemberStep> run(const StepPlace& place, const Example& example, const Example& meta);
  void epoch_done(std::size_t member);

  // Evaluation of every member with its current parameters.
  ForwardPass evaluate(const at::Tensor& bag) const;

  std::size_t size() const { return members_.size(); }
  bool joint() const { return members_[0].method.joint; }
  bool needs_meta() const;
  const ParameterLayout& layout() const { return layout_; }
  const Method& method(std::size_t member = 0) const { return members_[member].method; }
  LossWeighting& weighting(std::size_t member = 0) { return *members_[member].weighting; }
  const LossWeighting& weighting(std::size_t member = 0) const { return *members_[member].weighting; }
  // The learning rate of step number `number`.
  double learning_rate(std::int64_t number) const;
  // State beyond the weighting: [1, P] each, until the next join() or remove(); the owner may write into them
  // (resuming).
  at::Tensor parameters(std::size_t member = 0) const { return row(flat_, member); }
  at::Tensor first_moment(std::size_t member = 0) const { return row(first_, member); }
  at::Tensor second_moment(std::size_t member = 0) const { return row(second_, member); }
  // Passes that were played from recordings so far; for tests.
  std::int64_t played() const { return passes_->played() + (meta_passes_ ? meta_passes_->played() : 0); }
  // d L_meta / d lambda_k of the member's last step; empty unless the method has a meta step.
  const std::vector<double>& last_meta_gradient(std::size_t member = 0) const { return members_[member].meta_gradient; }

 private:
  struct Member {
    Method method;
    std::unique_ptr<LossWeighting> weighting;
    std::vector<double> meta_gradient;
    MemberStep step;  // of the step that is running
    bool good() const { return !step.error; }
  };
  struct Gradients;  // K rows a member, and their views
  struct Parts {     // of a row of the flat buffer: what aggregation acts on, and tokens with heads
    at::Tensor shared, own;
  };
  static at::Tensor row(const at::Tensor& flat, std::size_t member) {
    return flat.narrow(0, static_cast<std::int64_t>(member), 1);
  }
  Parts parts(const at::Tensor& flat, std::size_t member) const;
  bool needs_gram() const;
  void allocate();  // what is as large as the stack, beside parameters and moments

  DropoutMasks masks(const StepPlace& place, int pass) const;
  // Of the network itself: gradients of the unweighted losses, a row a task, or of each member's weighted sum.
  void network_gradients(const at::Tensor& outputs, const Example& example);
  void meta_steps(const StepPlace& place, const Example& example, const Example& meta, double lr);
  void finite_differences(const StepPlace& place, const Example& example, double lr);
  GradientSum aggregate_shared(std::size_t member, const StepPlace& place, const std::vector<double>& weights);
  void update_all(const StepPlace& place, double lr);
  std::vector<double> shared_coefficients(std::size_t member, const StepPlace& place,
                                          const std::vector<double>& weights, at::Tensor& sum);
  std::vector<TaskLosses> checked_losses(const StepPlace& place, const at::Tensor& outputs, const Example& example,
                                         const char* where);
  void fail(std::size_t member, const std::string& why);
  void fail_task(std::size_t member, const StepPlace& place, const Example& example, const Gradients& rows);
  void fail_gradient(std::size_t member, const StepPlace& place, const Example& example);

  std::vector<Member> members_;
  ModelSettings model_;
  TrainSettings train_;
  Protocol protocol_;
  ParameterLayout layout_;
  GroupStreams streams_;
  int threads_;
  bool record_;
  at::Tensor flat_, first_, second_;                // [F, P]
  std::vector<std::vector<double>> gram_products_;  // of the step that is running: K x K of each member's shared rows
  at::Tensor not_finite_;  // [F] int32, of the step that is running: 1 where a gradient is not finite
  ModelView view_;
  std::unique_ptr<Gradients> gradients_;
  std::unique_ptr<TrainingPasses> passes_;
  // Auto-Lambda alone: virtual parameters theta' (also theta +- eps v), v, and passes there.
  at::Tensor virtual_;
  std::unique_ptr<Gradients> meta_gradients_;
  std::unique_ptr<TrainingPasses> meta_passes_;
};

}  // namespace mtlgrid
