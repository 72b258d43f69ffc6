// An experiment of three evaluated patients, and what a trainer may report of its cell.
#pragma once

#include "results/records/records.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid::testing {

// A pair of one fold with two test patients, and an external cohort of one.
inline Experiment small_experiment() {
  Experiment e;
  e.model.d_model = 2;
  e.train.epochs = 3;
  e.cohorts = {{"INNER", 4, {{"a", {}}, {"b", {}}, {"c", {}}}}, {"OUTER", 4, {{"x", {}}}}};
  Pair pair;
  pair.biomarker = "MSI";
  pair.auxiliary = "LF";
  pair.training = {0, {0, 1, 2}, {0, 1, 1}, {1, 2, 3}};
  pair.external = {{1, {0}, {0}, {kMissing}}};
  pair.folds = {{{0}, {0}, {2, 1}}};
  e.pairs = {pair};
  return e;
}

// A result of its cell that is in order.
inline CellResult good_result() {
  CellResult r;
  r.cell = {"MSI", "LF", "naive", 0};
  r.attempt = 1;
  r.best_epoch = 2;
  r.epochs = {{1, 0.5, kMissing, 0.5, kMissing, 1, kMissing, 0.1}, {2, 0.4, kMissing, 0.4, kMissing, 1, kMissing, 0.1}};
  r.predictions = {
      {"test", "c", 1, 0.9, 2, 3, kMissing}, {"test", "b", 1, 0.2, -1, 2, 5}, {"OUTER", "x", 0, 0, -9, kMissing, 1}};
  r.embeddings = {{"test", "c", {0, 1}}, {"test", "b", {1, 1}}, {"OUTER", "x", {1, 0}}};
  r.metrics = {{"test", "auroc", 0.5, kMissing, kMissing, 2, 3, "no CI"},
               {"OUTER", "auroc", kMissing, kMissing, kMissing, 1, 0, "one class"}};
  return r;
}

}  // namespace mtlgrid::testing
