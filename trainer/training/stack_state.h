// The networks of a stack with their weightings and aggregations: what the parts of a training step work on.
#pragma once

#include <ATen/core/Tensor.h>

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "balancers/aggregations/aggregator.h"
#include "balancers/methods/protocol.h"
#include "balancers/methods/registry.h"
#include "balancers/weightings/weighting.h"
#include "trainer/contract/experiment.h"
#include "trainer/contract/parameters.h"
#include "trainer/contract/streams.h"
#include "trainer/kernels/dropout.h"
#include "trainer/training/example.h"
#include "trainer/training/gradient_rows.h"
#include "trainer/training/losses.h"

namespace mtlgrid {

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

struct StackMember {
  Method method;
  std::unique_ptr<LossWeighting> weighting;
  std::unique_ptr<Aggregator> aggregator;
  std::vector<double> meta_gradient;  // of the last step; empty unless the weighting takes meta steps
  MemberStep step;                    // of the step that is running
  bool good() const { return !step.error; }
  // Fails the member in this step; the first reason stays.
  void fail(const std::string& why);
};

// The passes of one step, for the streams of dropout. Under `paper` all draw as the first; the released code draws for
// each.
enum class PassNumber { network = 0, virtual_step = 1, meta = 2, plus = 3, minus = 4 };

// F members of one group, trained by methods whose steps take the same passes.
struct StackState {
  struct Parts {  // of a row of a flat buffer: what aggregation acts on, and tokens with heads
    at::Tensor shared, own;
  };

  std::vector<StackMember> members;
  ModelSettings model;
  TrainSettings train;
  Protocol protocol;
  ParameterLayout layout;
  GroupStreams streams;
  int threads;
  bool record;
  at::Tensor flat, first, second;  // [F, P]: parameters and their moments

  std::size_t size() const { return members.size(); }
  bool joint() const { return members[0].method.joint; }
  Parts parts(const at::Tensor& rows, std::size_t member) const;
  DropoutMasks masks(const StepPlace& place, PassNumber pass) const;
  // Losses of every member; one that is not finite, or whose derivative is not in the parameters' type, fails its
  // member. `where` is put behind the loss's name in the message.
  std::vector<TaskLosses> checked_losses(const StepPlace& place, const at::Tensor& outputs, const Example& example,
                                         const char* where);
  // Fails a member by the first task whose gradient, a row a task, is not finite; not at all if all are.
  void fail_task(std::size_t member, const StepPlace& place, const Example& example, const GradientRows& rows);
};

}  // namespace mtlgrid
