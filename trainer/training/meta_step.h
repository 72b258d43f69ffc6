// Auto-Lambda's meta step on a stack of networks (docs/methods.md, `autol`).
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "trainer/network/passes.h"
#include "trainer/training/stack_state.h"

namespace mtlgrid {

// The buffers of the meta step: virtual parameters theta' (also theta +- eps v), the meta gradient v, and passes there.
class MetaStep {
 public:
  explicit MetaStep(const StackState& stack);

  // Before the network's step, with `rows` the gradients of the unweighted losses on `example`, a row a task: computes
  // every member's meta gradient on the bag `meta` and steps its weighting by it. Members whose losses or gradients are
  // not finite fail. `stack` is the one that this was made for.
  void run(StackState& stack, const GradientRows& rows, const StepPlace& place, const Example& example,
           const Example& meta, double learning_rate);

  // Lets go of the last forward pass.
  void release() { passes_->release(); }
  std::int64_t played() const { return passes_->played(); }

 private:
  void step_ahead(const StackState& stack, const GradientRows& rows, double learning_rate);
  void exact_gradients(StackState& stack, const GradientRows& rows, double learning_rate) const;
  void finite_differences(StackState& stack, const StepPlace& place, const Example& example, double learning_rate);

  at::Tensor virtual_;  // [F, P]
  std::unique_ptr<GradientRows> gradients_;
  std::unique_ptr<TrainingPasses> passes_;
};

}  // namespace mtlgrid
