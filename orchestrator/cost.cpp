#include "orchestrator/cost.h"

#include <algorithm>

#include "trainer/flops.h"

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

double prediction_flops(const Plan& plan, const PairCohort& rows, int position) {
  const BagSize bag = bag_size(plan, rows, position);
  return forward_flops(plan.config.model, bag.width, bag.tiles);
}

double training_flops(const Plan& plan, const Method& method, const PairCohort& rows, int position) {
  const BagSize bag = bag_size(plan, rows, position);
  return step_flops(method, plan.config.protocol, plan.config.model, bag.width, bag.tiles);
}

}  // namespace

double epoch_cost(const Plan& plan, const Cell& cell) {
  const Pair& pair = plan.experiment.pair_of(cell);
  const PairFold& fold = pair.folds[static_cast<std::size_t>(cell.fold)];
  const Method& trained = method(cell.method);
  double epoch = 0;
  for (const int i : fold.train) epoch += training_flops(plan, trained, pair.training, i);
  for (const int i : fold.valid) epoch += prediction_flops(plan, pair.training, i);
  return epoch;
}

double evaluation_cost(const Plan& plan, const Cell& cell) {
  const Pair& pair = plan.experiment.pair_of(cell);
  const PairFold& fold = pair.folds[static_cast<std::size_t>(cell.fold)];
  double evaluation = 0;
  for (const int i : fold.test) evaluation += prediction_flops(plan, pair.training, i);
  for (const PairCohort& external : pair.external) {
    for (std::size_t i = 0; i < external.patient.size(); ++i) {
      evaluation += prediction_flops(plan, external, static_cast<int>(i));
    }
  }
  return evaluation;
}

double expected_cost(const Plan& plan, const Cell& cell) {
  return plan.config.train.epochs * epoch_cost(plan, cell) + evaluation_cost(plan, cell);
}

std::int64_t largest_bag(const Plan& plan) {
  std::int64_t most = 0;
  for (const Cohort& cohort : plan.cohorts) {
    for (const Patient& patient : cohort.patients) most = std::max(most, patient.tiles());
  }
  return most;
}

double longest_step_flops(const Plan& plan, const Cell& cell) {
  const Pair& pair = plan.experiment.pair_of(cell);
  double longest = 0;
  for (std::size_t i = 0; i < pair.training.patient.size(); ++i) {
    longest = std::max(longest, training_flops(plan, method(cell.method), pair.training, static_cast<int>(i)));
  }
  return longest;
}

}  // namespace mtlgrid
