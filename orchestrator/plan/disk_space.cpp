#include "orchestrator/plan/disk_space.h"

#include <algorithm>

#include "trainer/contract/flops.h"

namespace mtlgrid {

double weight_bytes(const Plan& plan) {
  std::int64_t most = 0;
  for (const Cohort& cohort : plan.cohorts) most = std::max(most, parameter_count(plan.config.model, cohort.width));
  return 4.0 * static_cast<double>(most);
}

// Weights, AdamW's two moments and the best weights, in the training's type.
double checkpoint_bytes(const Plan& plan) {
  return 4 * weight_bytes(plan) * (plan.config.train.precision == "fp64" ? 2 : 1);
}

// Rows that the cells leave in the store: a prediction takes about 150 bytes with its index, an embedding 4 bytes per
// value and another 150. There are five copies during a run: journal,
// working database, STORE, snapshot, and the next of these while it is written.
double store_bytes(const Plan& plan) {
  double patients = 0;
  for (const Pair& pair : plan.experiment.pairs) {
    const double folds = static_cast<double>(pair.folds.size());
    double evaluated = static_cast<double>(pair.training.patient.size());
    for (const PairCohort& e : pair.external) evaluated += folds * static_cast<double>(e.patient.size());
    patients += evaluated * static_cast<double>(plan.config.methods.size()) * plan.config.repeats;
  }
  return 5 * patients * (2 * 150.0 + 4.0 * plan.config.model.d_model);
}

double disk_bytes(const Plan& plan, int trainers) {
  const double kept = plan.config.run.keep_weights == "best" ? weight_bytes(plan) : 0;
  return store_bytes(plan) + kept * static_cast<double>(plan.grid.cells.size()) + 2 * trainers * checkpoint_bytes(plan);
}

}  // namespace mtlgrid
