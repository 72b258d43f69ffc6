#include "trainer/training/pack_run.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/errors.h"
#include "trainer/contract/flops.h"

namespace mtlgrid {
namespace {

bool before(const StepPlace& a, const StepPlace& b) { return std::pair(a.epoch, a.step) < std::pair(b.epoch, b.step); }
bool same(const StepPlace& a, const StepPlace& b) { return !before(a, b) && !before(b, a); }

// Calls f; an error that is_of_cell() is passed to `failed`, others are thrown on.
template <typename F, typename Failed>
bool attempt(const F& f, const Failed& failed) {
  try {
    f();
    return true;
  } catch (const Error& e) {
    if (!is_of_cell(e)) throw;
    failed(e);
    return false;
  }
}

}  // namespace

int pack_that_fits(const Experiment& experiment, std::uint64_t bytes) {
  // Parameters, two moments, best; two rows of gradients; Auto-Lambda's virtual parameters and gradient; stacking
  // copies parameters and moments once more.
  constexpr double kRows = 4 + 2 + 2 + 3;
  double largest = 1;
  for (const ExperimentCohort& cohort : experiment.cohorts) {
    largest = std::max(largest, static_cast<double>(parameter_count(experiment.model, cohort.width)));
  }
  const double width = experiment.train.precision == "fp64" ? 8 : 4;
  return static_cast<int>(std::clamp(static_cast<double>(bytes) / 2 / (kRows * width * largest), 1.0, 1e6));
}

PackRun::PackRun(const Experiment& experiment, const std::vector<Train>& members, DeviceBags& bags,
                 Environment environment, PackSettings settings)
    : experiment_(experiment),
      members_(members),
      bags_(bags),
      environment_(std::move(environment)),
      settings_(settings) {
  environment_.pack = static_cast<int>(members.size());
  for (const Train& member : members)
    environment_.members += (environment_.members.empty() ? "" : ",") + member.cell.method;
}

void PackRun::run(PackControl& control) {
  for (const Train& member : members_) start(member, control);
  while (!stacks_.empty()) {
    if (control.stop_requested()) return stop(control);
    release(control);
    if (stacks_.empty() || !finish_epochs(control)) continue;
    if (settings_.stacked) join_equals();
    train_step(next_turn(), control);
  }
}

void PackRun::start(const Train& member, PackControl& control) {
  attempt(
      [&] {
        auto cell = std::make_unique<CellRun>(experiment_, member, bags_, environment_);
        auto stack = std::make_unique<Stack>(cell->start(settings_.device));
        cell->sits(stack->step, 0);
        if (cell->resumed()) control.resumed(member, cell->place().epoch, experiment_.train.epochs);
        const bool trained = cell->trained();
        stack->cells.push_back(std::move(cell));
        if (trained) return evaluate(*stack, 0, control);  // only the evaluation had been interrupted
        stack->cells[0]->begin_epoch();
        stacks_.push_back(std::move(stack));
      },
      [&](const Error& e) { control.failed(member, e); });
}

void PackRun::join_equals() {
  for (std::size_t i = 0; i < stacks_.size(); ++i) {
    for (std::size_t j = i + 1; j < stacks_.size(); ++j) {
      Stack &into = *stacks_[i], &from = *stacks_[j];
      if (from.cells.empty() || !same(into.place(), from.place()) ||
          !stackable(into.step.method(), from.step.method())) {
        continue;
      }
      into.step.join(std::move(from.step));
      for (auto& cell : from.cells) {
        cell->sits(into.step, into.cells.size());
        into.cells.push_back(std::move(cell));
      }
      from.cells.clear();
    }
    drop_empty();
  }
}

// The stacks that are least far.
std::vector<PackRun::Stack*> PackRun::next_turn() const {
  std::vector<Stack*> turn;
  for (const auto& stack : stacks_) {
    if (!turn.empty() && before(stack->place(), turn[0]->place())) turn.clear();
    if (turn.empty() || same(stack->place(), turn[0]->place())) turn.push_back(stack.get());
  }
  return turn;
}

void PackRun::train_step(const std::vector<Stack*>& turn, PackControl& control) {
  const StepPlace place = turn[0]->place();
  const Example example = turn[0]->cells[0]->example(place);
  Example meta;  // Auto-Lambda's, read where it is needed
  for (Stack* stack : turn) {
    for (const auto& cell : stack->cells) cell->checkpoint_if_due();
    if (stack->step.needs_meta() && !meta.bag.defined()) meta = stack->cells[0]->meta_example(place);
    const std::vector<MemberStep> results = stack->step.run(place, example, meta);
    for (std::size_t f = results.size(); f-- > 0;) {
      attempt([&] { stack->cells[f]->step_done(results[f].value()); },
              [&](const Error& e) { fail(*stack, f, e, control); });
    }
  }
  drop_empty();
}

// Ends the epoch of the stacks that have done its last step; false if stopped or nothing is left to train. A stop
// leaves them after the last step, from where they resume.
bool PackRun::finish_epochs(PackControl& control) {
  for (const auto& stack : stacks_) {
    if (stack->cells[0]->epoch_ended() && !finish_epoch(*stack, control)) return false;
  }
  drop_empty();
  return !stacks_.empty();
}

// False if it was stopped.
bool PackRun::finish_epoch(Stack& stack, PackControl& control) {
  const std::optional<std::vector<TaskLosses>> sums = validate(stack, control);
  if (!sums) return false;
  for (std::size_t f = stack.cells.size(); f-- > 0;) {
    CellRun& cell = *stack.cells[f];
    const int done = cell.place().epoch;
    cell.finish_epoch((*sums)[f]);
    control.progress(cell.train(), done, experiment_.train.epochs, cell.losses());
    if (cell.trained()) {
      evaluate(stack, f, control);
    } else {
      cell.checkpoint_after_epoch(cells_in_training());  // what follows the last epoch is short: no checkpoint there
      cell.begin_epoch();
    }
  }
  return true;
}

// Sums of the validation patients' losses, one for each member that is left: those whose losses are not finite fail.
// nullopt: stopped on request.
std::optional<std::vector<TaskLosses>> PackRun::validate(Stack& stack, PackControl& control) {
  std::vector<TaskLosses> sums(stack.cells.size(), TaskLosses{0, 0});
  const std::size_t patients = stack.cells[0]->validation_size();
  for (std::size_t i = 0; i < patients && !stack.cells.empty(); ++i) {
    if (control.stop_requested()) return std::nullopt;
    const Example e = stack.cells[0]->validation_example(i);
    const ForwardPass pass = stack.step.evaluate(e.bag);
    for (std::size_t f = stack.cells.size(); f-- > 0;) {
      const TaskLosses losses = task_losses(pass, e.label, e.target, static_cast<std::int64_t>(f));
      if (std::isfinite(losses[0]) && (std::isfinite(losses[1]) || !stack.step.joint())) {
        for (std::size_t k = 0; k < losses.size(); ++k) sums[f][k] += losses[k];
        continue;
      }
      const Error error(ErrorKind::cell_failed, "epoch " + std::to_string(stack.cells[f]->place().epoch) +
                                                    ", validation, patient " + e.patient + ": " +
                                                    (std::isfinite(losses[0]) ? "regression" : "classification") +
                                                    " loss is not finite");
      fail(stack, f, error, control);
      sums.erase(sums.begin() + static_cast<std::ptrdiff_t>(f));
    }
  }
  return sums;
}

void PackRun::evaluate(Stack& stack, std::size_t member, PackControl& control) {
  CellRun& cell = *stack.cells[member];
  attempt(
      [&] {
        std::optional<CellResult> result = cell.result([&] { return control.stop_requested(); });
        const std::unique_ptr<CellRun> done = take(stack, member);
        if (result) {
          control.finished(done->train(), *result);
        } else {
          control.stopped(done->train());
        }
      },
      [&](const Error& e) { fail(stack, member, e, control); });
}

std::unique_ptr<CellRun> PackRun::take(Stack& stack, std::size_t member) {
  std::unique_ptr<CellRun> cell = std::move(stack.cells[member]);
  stack.cells.erase(stack.cells.begin() + static_cast<std::ptrdiff_t>(member));
  stack.step.remove(member);
  for (std::size_t f = member; f < stack.cells.size(); ++f) stack.cells[f]->sits(stack.step, f);
  return cell;
}

void PackRun::fail(Stack& stack, std::size_t member, const Error& error, PackControl& control) {
  control.failed(take(stack, member)->train(), error);
}

// Cells that an idle trainer is to have.
void PackRun::release(PackControl& control) {
  for (const auto& stack : stacks_) {
    for (std::size_t f = stack->cells.size(); f-- > 0;) {
      if (!control.release_requested(stack->cells[f]->train())) continue;
      stack->cells[f]->write_checkpoint();
      control.stopped(take(*stack, f)->train());
    }
  }
  drop_empty();
}

void PackRun::stop(PackControl& control) {
  for (const auto& stack : stacks_) {
    for (const auto& cell : stack->cells) {
      cell->write_checkpoint();
      control.stopped(cell->train());
    }
  }
  stacks_.clear();
}

std::size_t PackRun::cells_in_training() const {
  std::size_t cells = 0;
  for (const auto& stack : stacks_) cells += stack->cells.size();
  return cells;
}

void PackRun::drop_empty() {
  std::erase_if(stacks_, [](const auto& stack) { return stack->cells.empty(); });
}

}  // namespace mtlgrid
