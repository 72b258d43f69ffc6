#include "tests/orchestrator/simulation/simulated_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "balancers/methods/registry.h"
#include "orchestrator/durations/cost.h"

namespace mtlgrid::simulation {
namespace {

constexpr double kError = 0.25;   // of estimates
constexpr int kLeastEpochs = 10;  // three until the best one, then the patience of seven

// Guessed, of the order of the paper's: patients of the training and external cohorts, and their bags in tiles.
struct CohortSize {
  const char* name;
  int patients;
};
constexpr CohortSize kCohorts[] = {{"TCGA-CRC", 400}, {"CPTAC-CRC", 105}, {"TCGA-LUAD", 460}, {"CPTAC-LUAD", 105}};
constexpr double kMedianTiles = 900, kSpread = 0.7, kLeastTiles = 20, kMostTiles = 8000;

Cohort make_cohort(const CohortSize& size, std::mt19937& random) {
  std::lognormal_distribution<double> tiles(std::log(kMedianTiles), kSpread);
  Cohort cohort;
  cohort.files.name = size.name;
  cohort.width = 768;
  for (int i = 0; i < size.patients; ++i) {
    Patient patient;
    patient.name = fmt::format("{}-{:04}", size.name, i);
    patient.slides = {{"", static_cast<std::int64_t>(std::clamp(tiles(random), kLeastTiles, kMostTiles))}};
    cohort.patients.push_back(std::move(patient));
  }
  return cohort;
}

PairCohort all_of(const Cohort& cohort, int index) {
  PairCohort rows;
  rows.cohort = index;
  for (int i = 0; i < static_cast<int>(cohort.patients.size()); ++i) rows.patient.push_back(i);
  return rows;
}

std::vector<PairFold> make_folds(int patients, int folds) {
  std::vector<PairFold> made(static_cast<std::size_t>(folds));
  for (int fold = 0; fold < folds; ++fold) {
    PairFold& f = made[static_cast<std::size_t>(fold)];
    for (int i = 0; i < patients; ++i) {
      (i % folds == fold ? f.test : (i / folds) % folds == 0 ? f.valid : f.train).push_back(i);
    }
  }
  return made;
}

Plan paper_plan(std::mt19937& random) {
  Plan plan;
  for (const CohortSize& size : kCohorts) plan.cohorts.push_back(make_cohort(size, random));
  const auto add = [&](const char* biomarker, const char* auxiliary, int training) {
    const auto at = static_cast<std::size_t>(training);
    Pair pair;
    pair.biomarker = biomarker;
    pair.auxiliary = auxiliary;
    pair.training = all_of(plan.cohorts[at], training);
    pair.external = {all_of(plan.cohorts[at + 1], training + 1)};
    pair.folds = make_folds(kCohorts[at].patients, plan.config.folds);
    plan.experiment.pairs.push_back(std::move(pair));
  };
  for (const char* auxiliary : {"ITH", "LF", "LISS", "Prolif", "SF"}) add("MSI", auxiliary, 0);
  for (const char* auxiliary : {"ITH", "Prolif"}) add("HRD", auxiliary, 2);
  return plan;
}

}  // namespace

SimulatedGrid::SimulatedGrid(std::vector<SimulatedCell> cells) : cells_(std::move(cells)) {
  by_name_.reserve(cells_.size());
  for (std::size_t i = 0; i < cells_.size(); ++i) by_name_.emplace(cells_[i].cell.name(), i);
}

std::vector<SimulatedCell> paper_cells(unsigned seed, Estimate estimate) {
  std::mt19937 random(seed);
  const Plan plan = paper_plan(random);
  std::uniform_int_distribution<int> epochs(kLeastEpochs, plan.config.train.epochs);
  std::lognormal_distribution<double> error(0, kError);
  std::vector<SimulatedCell> cells;
  for (const Pair& pair : plan.experiment.pairs) {
    for (const Method& method : methods()) {
      for (int fold = 0; fold < plan.config.folds; ++fold) {
        SimulatedCell cell;
        cell.cell = {pair.biomarker, pair.auxiliary, method.name, fold};
        cell.epochs = epochs(random);
        const double all_epochs = expected_cost(plan, cell.cell);
        cell.seconds = all_epochs * cell.epochs / plan.config.train.epochs;
        const double factor = error(random);
        cell.expected = estimate == Estimate::learned ? cell.seconds * factor : all_epochs;
        cells.push_back(std::move(cell));
      }
    }
  }
  return cells;
}

std::vector<SimulatedCell> short_cells(std::mt19937& random, int groups) {
  std::uniform_real_distribution<double> seconds(60, 600);
  std::uniform_int_distribution<int> epochs(5, 32);
  std::lognormal_distribution<double> error(0, kError);
  std::vector<SimulatedCell> cells;
  for (int group = 0; group < groups; ++group) {
    for (int m = 0; m < 6; ++m) {
      SimulatedCell cell;
      cell.cell = {"MSI", "LF", methods()[static_cast<std::size_t>(m)].name, group};
      cell.seconds = seconds(random);
      cell.epochs = epochs(random);
      cell.expected = cell.seconds * error(random);
      cells.push_back(std::move(cell));
    }
  }
  return cells;
}

}  // namespace mtlgrid::simulation
