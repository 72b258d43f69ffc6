// The data of one cell, for training and evaluation, and the bags in memory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "datasets/bags/node_bags.h"
#include "datasets/features/features.h"
#include "datasets/splits/scaling.h"
#include "trainer/contract/experiment.h"

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

// Hash (hex) of everything in the experiment that decides the cell's result, data included.
std::string cell_identity(const Experiment& experiment, const Cell& cell);

// The bags of all patients that some pair uses, ascending by (cohort, patient), which index Experiment::cohorts.
std::vector<BagSource> bag_sources(const Experiment& experiment);

// Bags as float16, for all cells of this process: from the bag file that the node's trainers share, or read once from
// the feature files and kept.
class BagCache {
 public:
  explicit BagCache(const Experiment& experiment) : experiment_(experiment) {}
  // Opens or builds the node's bag file (building it may take minutes) as `run.bag_cache` says. Later calls do nothing
  // once this has succeeded. If the file is not available, stderr says why, and bags are read from the feature files.
  // `check` is called between bags while the file is built, and while another process builds it; an Error that it
  // throws ends the call and is passed on, and the next call tries again.
  void share(const std::function<void()>& check = {});
  // The bag with the hashes that the experiment has: one out of the bag file is compared every time, feature files as
  // they are read. Throws FeaturesChanged if the feature files are others, SystemError if the system keeps them from
  // being read. Valid until the next call for another patient.
  BagView bag(const CellPatient& patient);
  // `bag` will soon be called for this patient: a hint that costs nothing.
  void prepare(const CellPatient& patient) const;
  // Frees the bags that were read from feature files; their views become invalid.
  void forget() { read_.clear(); }

 private:
  const Experiment& experiment_;
  bool asked_ = false;  // share() has completed
  std::unique_ptr<NodeBags> shared_;
  std::map<std::pair<int, int>, Bag> read_;  // from feature files
  Bag copy_;                                 // of the bag file's, of the last call
};

}  // namespace mtlgrid
