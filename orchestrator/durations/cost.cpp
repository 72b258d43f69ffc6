#include "orchestrator/durations/cost.h"

#include <algorithm>

#include "trainer/contract/flops.h"

namespace mtlgrid {
namespace {

struct BagSize {
  std::int64_t width, tiles;
};

BagSize bag_size(const Plan& plan, const PairCohort& rows, int position) {
  const auto& cohort = plan.cohorts[static_cast<std::size_t>(rows.cohort)];
  const int patient = rows.patient[static_cast<std::size_t>(position)];
  return {cohort.width, cohort.patients[static_cast<std::size_t>(patient)].tiles()};
}

double seconds(const MachineGuess& machine, double flops, double bytes, int passes) {
  return flops / machine.flops + bytes / machine.bytes + passes * machine.pass;
}

double prediction_seconds(const Plan& plan, const PairCohort& rows, int position, const MachineGuess& machine) {
  const BagSize bag = bag_size(plan, rows, position);
  const double weights = 4.0 * static_cast<double>(parameter_count(plan.config.model, bag.width));
  return seconds(machine, forward_flops(plan.config.model, bag.width, bag.tiles), weights, 1);
}

double step_seconds(const Plan& plan, const Method& method, const PairCohort& rows, int position,
                    const MachineGuess& machine) {
  const BagSize bag = bag_size(plan, rows, position);
  const Config& c = plan.config;
  const StepPasses passes = step_passes(method, c.protocol);
  return seconds(machine, step_flops(method, c.protocol, c.model, bag.width, bag.tiles),
                 step_bytes(method, c.protocol, c.model, bag.width), passes.forward + passes.gradients);
}

}  // namespace

double epoch_seconds(const Plan& plan, const Cell& cell, const MachineGuess& machine) {
  const Pair& pair = plan.experiment.pair_of(cell);
  const PairFold& fold = pair.folds[static_cast<std::size_t>(cell.fold)];
  const Method& trained = method(cell.method);
  double epoch = 0;
  for (const int i : fold.train) epoch += step_seconds(plan, trained, pair.training, i, machine);
  for (const int i : fold.valid) epoch += prediction_seconds(plan, pair.training, i, machine);
  return epoch;
}

double evaluation_seconds(const Plan& plan, const Cell& cell, const MachineGuess& machine) {
  const Pair& pair = plan.experiment.pair_of(cell);
  const PairFold& fold = pair.folds[static_cast<std::size_t>(cell.fold)];
  double evaluation = 0;
  for (const int i : fold.test) evaluation += prediction_seconds(plan, pair.training, i, machine);
  for (const PairCohort& external : pair.external) {
    for (std::size_t i = 0; i < external.patient.size(); ++i) {
      evaluation += prediction_seconds(plan, external, static_cast<int>(i), machine);
    }
  }
  return evaluation;
}

double longest_step_seconds(const Plan& plan, const Cell& cell, const MachineGuess& machine) {
  const Pair& pair = plan.experiment.pair_of(cell);
  double longest = 0;
  for (std::size_t i = 0; i < pair.training.patient.size(); ++i) {
    longest = std::max(longest, step_seconds(plan, method(cell.method), pair.training, static_cast<int>(i), machine));
  }
  return longest;
}

double expected_cost(const Plan& plan, const Cell& cell) {
  return plan.config.train.epochs * epoch_seconds(plan, cell, kOneCore) + evaluation_seconds(plan, cell, kOneCore);
}

std::int64_t largest_bag(const Plan& plan) {
  std::int64_t most = 0;
  for (const Cohort& cohort : plan.cohorts) {
    for (const Patient& patient : cohort.patients) most = std::max(most, patient.tiles());
  }
  return most;
}

}  // namespace mtlgrid
