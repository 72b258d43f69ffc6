#include "orchestrator/durations/cost.h"

#include <algorithm>
#include <utility>

#include "balancers/methods/registry.h"
#include "trainer/contract/flops.h"

namespace mtlgrid {
namespace {

double seconds(const MachineGuess& machine, double flops, double bytes, int passes) {
  return flops / machine.flops + bytes / machine.bytes + passes * machine.pass;
}

double prediction_seconds(const Config& c, std::int64_t width, std::int64_t tiles, const MachineGuess& machine) {
  const double weights = 4.0 * static_cast<double>(parameter_count(c.model, width));
  return seconds(machine, forward_flops(c.model, width, tiles), weights, 1);
}

double step_seconds(const Config& c, const Method& method, std::int64_t width, std::int64_t tiles,
                    const MachineGuess& machine) {
  const StepPasses passes = step_passes(method, c.protocol);
  return seconds(machine, step_flops(method, c.protocol, c.model, width, tiles),
                 step_bytes(method, c.protocol, c.model, width), passes.forward + passes.gradients);
}

// Of each patient of each cohort: `of` of the cohort's width and the patient's tiles.
template <typename Of>
std::vector<std::vector<double>> for_patients(const Plan& plan, const Of& of) {
  std::vector<std::vector<double>> all;
  for (const Cohort& cohort : plan.cohorts) {
    std::vector<double>& patients = all.emplace_back();
    for (const Patient& patient : cohort.patients) patients.push_back(of(cohort.width, patient.tiles()));
  }
  return all;
}

double at(const std::vector<std::vector<double>>& seconds, const PairCohort& rows, int position) {
  return seconds[static_cast<std::size_t>(rows.cohort)]
                [static_cast<std::size_t>(rows.patient[static_cast<std::size_t>(position)])];
}

// Of one cell; `step` and `prediction` give the seconds of a position of a PairCohort.
template <typename Step, typename Prediction>
double sum_of_epoch(const Pair& pair, std::size_t fold, const Step& step, const Prediction& prediction) {
  double epoch = 0;
  for (const int i : pair.folds[fold].train) epoch += step(pair.training, i);
  for (const int i : pair.folds[fold].valid) epoch += prediction(pair.training, i);
  return epoch;
}
template <typename Prediction>
double sum_of_evaluation(const Pair& pair, std::size_t fold, const Prediction& prediction) {
  double evaluation = 0;
  for (const int i : pair.folds[fold].test) evaluation += prediction(pair.training, i);
  for (const PairCohort& external : pair.external) {
    for (std::size_t i = 0; i < external.patient.size(); ++i) evaluation += prediction(external, static_cast<int>(i));
  }
  return evaluation;
}

std::pair<std::int64_t, std::int64_t> width_and_tiles(const Plan& plan, const PairCohort& rows, int position) {
  const Cohort& cohort = plan.cohorts[static_cast<std::size_t>(rows.cohort)];
  const int patient = rows.patient[static_cast<std::size_t>(position)];
  return {cohort.width, cohort.patients[static_cast<std::size_t>(patient)].tiles()};
}

}  // namespace

PatientSeconds patient_seconds(const Plan& plan, const MachineGuess& machine) {
  PatientSeconds all;
  for (const Method& method : methods()) {
    all.step.push_back(for_patients(plan, [&](std::int64_t width, std::int64_t tiles) {
      return step_seconds(plan.config, method, width, tiles, machine);
    }));
  }
  all.prediction = for_patients(plan, [&](std::int64_t width, std::int64_t tiles) {
    return prediction_seconds(plan.config, width, tiles, machine);
  });
  return all;
}

double epoch_seconds(const PatientSeconds& seconds, const Pair& pair, std::size_t method, std::size_t fold) {
  return sum_of_epoch(
      pair, fold, [&](const PairCohort& rows, int i) { return at(seconds.step[method], rows, i); },
      [&](const PairCohort& rows, int i) { return at(seconds.prediction, rows, i); });
}

double evaluation_seconds(const PatientSeconds& seconds, const Pair& pair, std::size_t fold) {
  return sum_of_evaluation(pair, fold, [&](const PairCohort& rows, int i) { return at(seconds.prediction, rows, i); });
}

double longest_step_seconds(const PatientSeconds& seconds, const Pair& pair, std::size_t method) {
  double longest = 0;
  for (std::size_t i = 0; i < pair.training.patient.size(); ++i) {
    longest = std::max(longest, at(seconds.step[method], pair.training, static_cast<int>(i)));
  }
  return longest;
}

double epoch_seconds(const Plan& plan, const Cell& cell, const MachineGuess& machine) {
  const Method& trained = method(cell.method);
  return sum_of_epoch(
      plan.experiment.pair_of(cell), static_cast<std::size_t>(cell.fold),
      [&](const PairCohort& rows, int i) {
        const auto [width, tiles] = width_and_tiles(plan, rows, i);
        return step_seconds(plan.config, trained, width, tiles, machine);
      },
      [&](const PairCohort& rows, int i) {
        const auto [width, tiles] = width_and_tiles(plan, rows, i);
        return prediction_seconds(plan.config, width, tiles, machine);
      });
}

double evaluation_seconds(const Plan& plan, const Cell& cell, const MachineGuess& machine) {
  return sum_of_evaluation(plan.experiment.pair_of(cell), static_cast<std::size_t>(cell.fold),
                           [&](const PairCohort& rows, int i) {
                             const auto [width, tiles] = width_and_tiles(plan, rows, i);
                             return prediction_seconds(plan.config, width, tiles, machine);
                           });
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
