// One training step on one bag: task gradients, weighting, aggregation, AdamW, for a stack of cells. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "trainer/network/passes.h"
#include "trainer/training/meta_step.h"
#include "trainer/training/stack_state.h"

namespace mtlgrid {

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

  // One step of every member on `example`; `meta` is the meta bag (used by weightings with a meta step alone).
  std::vector<MemberStep> run(const StepPlace& place, const Example& example, const Example& meta);
  void epoch_done(std::size_t member);

  // Evaluation of every member with its current parameters.
  ForwardPass evaluate(const at::Tensor& bag) const;

  std::size_t size() const { return stack_.size(); }
  bool joint() const { return stack_.joint(); }
  bool needs_meta() const;
  const ParameterLayout& layout() const { return stack_.layout; }
  const Method& method(std::size_t member = 0) const { return stack_.members[member].method; }
  LossWeighting& weighting(std::size_t member = 0) { return *stack_.members[member].weighting; }
  const LossWeighting& weighting(std::size_t member = 0) const { return *stack_.members[member].weighting; }
  Aggregator& aggregator(std::size_t member = 0) { return *stack_.members[member].aggregator; }
  const Aggregator& aggregator(std::size_t member = 0) const { return *stack_.members[member].aggregator; }
  // The learning rate of step number `number`.
  double learning_rate(std::int64_t number) const;
  // State beyond weighting and aggregation: [1, P] each, until the next join() or remove(); the owner may write into
  // them (resuming).
  at::Tensor parameters(std::size_t member = 0) const { return row(stack_.flat, member); }
  at::Tensor first_moment(std::size_t member = 0) const { return row(stack_.first, member); }
  at::Tensor second_moment(std::size_t member = 0) const { return row(stack_.second, member); }
  // Passes that were played from recordings so far; for tests.
  std::int64_t played() const { return passes_->played() + (meta_step_ ? meta_step_->played() : 0); }
  // d L_meta / d lambda_k of the member's last step; empty unless the method has a meta step.
  const std::vector<double>& last_meta_gradient(std::size_t member = 0) const {
    return stack_.members[member].meta_gradient;
  }

 private:
  static at::Tensor row(const at::Tensor& flat, std::size_t member) {
    return flat.narrow(0, static_cast<std::int64_t>(member), 1);
  }
  void allocate();  // what is as large as the stack, beside parameters and moments
  bool needs_gram() const;
  // Of the network itself: gradients of the unweighted losses, a row a task, or of each member's weighted sum.
  void network_gradients(const at::Tensor& outputs, const Example& example);
  GradientSum aggregate_shared(std::size_t member, const StepPlace& place, const std::vector<double>& weights);
  void update_all(const StepPlace& place, double lr);
  void fail_gradient(std::size_t member, const StepPlace& place, const Example& example);

  StackState stack_;
  std::vector<std::vector<double>> gram_products_;  // of the step that is running: K x K of each member's shared rows
  at::Tensor not_finite_;  // [F] int32, of the step that is running: 1 where a gradient is not finite
  ModelView view_;
  std::unique_ptr<GradientRows> gradients_;
  std::unique_ptr<TrainingPasses> passes_;
  std::unique_ptr<MetaStep> meta_step_;  // null unless the members' weightings take meta steps
};

}  // namespace mtlgrid
