// What one cell trains and is evaluated on, and the bags in memory. No torch.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "datasets/features.h"
#include "datasets/scaling.h"
#include "trainer/experiment.h"

namespace mtlgrid {

struct CellPatient {
  int cohort = 0, patient = 0;  // indices into Experiment::cohorts and its patients
  int label = 0;
  double target = 0;  // table units; NaN where missing
};

struct CellData {
  std::vector<CellPatient> train, valid;  // in the fold's order
  struct Cohort {
    std::string name;  // "test", or the external cohort's
    std::vector<CellPatient> patients;
    bool external = false;
  };
  std::vector<Cohort> evaluation;  // the held-out fold first
  MinMax scaling;                  // fitted on `train`
  std::int64_t width = 0;          // D
};

// Throws Error(fatal) if the cell is not in the experiment or its indices are out of range, InputError if a cohort's
// width differs from the training cohort's.
CellData cell_data(const Experiment& experiment, const Cell& cell);

// Hash (hex) of everything in the experiment that decides the cell's result.
std::string cell_identity(const Experiment& experiment, const Cell& cell);

// Bags read once and kept as float16, for all cells of this process.
class BagCache {
 public:
  explicit BagCache(const Experiment& experiment) : experiment_(experiment) {}
  // Throws InputError if the files cannot be read or have another width than their cohort. The reference stays good.
  const Bag& bag(const CellPatient& patient);

 private:
  const Experiment& experiment_;
  std::map<std::pair<int, int>, Bag> bags_;
};

}  // namespace mtlgrid
