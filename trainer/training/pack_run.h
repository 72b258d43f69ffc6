// The cells of a pack, trained at the same time: they share every bag and, where networks are stacked, every pass.
// Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

#include "trainer/process/service.h"
#include "trainer/training/cell_run.h"

namespace mtlgrid {

// How a pack is computed. Stacked networks share kernels, since one network alone does not fill a GPU. On the CPU they
// are trained in turn on the same bag: 3 to 10 % faster at 42 tiles than stacked, equal at 1,000.
struct PackSettings {
  at::Device device = at::kCPU;
  bool stacked = false;
};

// How many members of any pair fit into `bytes` of the device's memory beside bags and activations, for which half of
// it is reserved; at least 1. An estimate by formula: a pack that does not fit is retried in halves.
int pack_that_fits(const Experiment& experiment, std::uint64_t bytes);

class PackRun {
 public:
  // `experiment`, `members` (of one group) and `bags` must outlive the run.
  PackRun(const Experiment& experiment, const std::vector<Train>& members, DeviceBags& bags, Environment environment,
          PackSettings settings);

  // Trains and evaluates every member, and reports each outcome to `control` as soon as it is known. A cell leaves the
  // pack when it has stopped early or failed. Members whose checkpoints are behind are trained first until they have
  // caught up.
  void run(PackControl& control);

 private:
  // Networks that are trained by the same passes, and whose they are.
  struct Stack {
    explicit Stack(StackStep&& s) : step(std::move(s)) {}
    StackStep step;
    std::vector<std::unique_ptr<CellRun>> cells;  // one a member
    StepPlace place() const { return cells[0]->place(); }
  };
  void start(const Train& member, PackControl& control);
  void join_equals();
  void train_step(const std::vector<Stack*>& turn, PackControl& control);
  bool finish_epochs(PackControl& control);
  bool finish_epoch(Stack& stack, PackControl& control);
  std::optional<std::vector<TaskLosses>> validate(Stack& stack, PackControl& control);
  void evaluate(Stack& stack, std::size_t member, PackControl& control);
  // Takes a member out of its stack; the caller then drops stacks without members.
  std::unique_ptr<CellRun> take(Stack& stack, std::size_t member);
  void fail(Stack& stack, std::size_t member, const Error& error, PackControl& control);
  void release(PackControl& control);
  void stop(PackControl& control);
  std::vector<Stack*> next_turn() const;
  void drop_empty();
  std::size_t cells_in_training() const;

  const Experiment& experiment_;
  const std::vector<Train>& members_;
  DeviceBags& bags_;
  Environment environment_;
  PackSettings settings_;
  std::vector<std::unique_ptr<Stack>> stacks_;
};

}  // namespace mtlgrid
