// The experiment: everything a trainer needs to train any cell of a grid: settings, patients, labels and splits. No
// torch.
//
// The orchestrator builds it once from the configuration and the tables; it is sent to every rank, and by each rank to
// its trainers, as MessagePack. A cell's result depends on nothing but the experiment and the feature files, whose
// hashes it has.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "balancers/methods/protocol.h"
#include "base/cell.h"
#include "datasets/features/known_features.h"
#include "results/metrics/bootstrap.h"
#include "trainer/contract/extraction.h"

namespace mtlgrid {

struct ModelSettings {
  int d_model = 384, heads = 6, ff = 768, encoder_layers = 2, decoder_layers = 2;
  double dropout = 0.1;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelSettings, d_model, heads, ff, encoder_layers, decoder_layers, dropout)

struct TrainSettings {
  int epochs = 32, patience = 7;
  double lr = 1e-4, weight_decay = 0.01, validation = 0.2;
  std::string precision = "fp32";  // fp32; fp64 for checking; tf32, bf16: products on GPUs
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrainSettings, epochs, patience, lr, weight_decay, validation, precision)

// Settings that change how a result is computed. On the CPU they never change the result.
struct RunSettings {
  std::string device = "auto";        // auto, cpu, cuda
  int threads = 1;                    // a trainer process's compute threads
  double checkpoint_minutes = 5;      // at most this long between checkpoints
  std::string keep_weights = "best";  // best, none
  int pack = 0;                       // most cells trained at the same time; 0: auto (orchestrator/scheduler/packing.h)
  int trainers_per_gpu = 1;           // trainers that may share a GPU
  bool cuda_graphs = true;            // small bags' passes are recorded on a GPU (passes.h)
  std::string bag_cache = "remove";   // remove, keep, off: the bag file that a node's trainer processes share
  std::string bag_cache_folder{};     // its folder; empty: $TMPDIR of the trainer process, else /tmp
  std::string staging = "auto";  // auto, nccl, files: features broadcast between GPUs at the start, or read by each
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunSettings, device, threads, checkpoint_minutes, keep_weights, pack,
                                   trainers_per_gpu, cuda_graphs, bag_cache, bag_cache_folder, staging)

// A PyTorch state dict (absolute path) with the initial weights, instead of weights drawn from a stream. The hash, not
// the path, is part of a cell's identity. Both are empty where weights are drawn.
struct InitialWeights {
  std::string file, hash;  // hash_file() when the run was planned
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(InitialWeights, file, hash)

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(KnownFeatures, path, tiles, hash)

// A patient's bag: the tiles of these feature files, in this order. Whoever reads them compares their hashes.
struct PatientFiles {
  std::string name;
  std::vector<KnownFeatures> files;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PatientFiles, name, files)

struct ExperimentCohort {
  std::string name;
  std::int64_t width = 0;  // D
  std::vector<PatientFiles> patients;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ExperimentCohort, name, width, patients)

// The patients of one cohort that a pair uses. Targets in table units; NaN where missing.
struct PairCohort {
  int cohort = 0;            // index into Experiment::cohorts
  std::vector<int> patient;  // indices into its patients
  std::vector<int> label;
  std::vector<double> target;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PairCohort, cohort, patient, label, target)

struct PairFold {
  std::vector<int> train, valid, test;  // positions in PairCohort; train and valid in scikit-learn's order
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PairFold, train, valid, test)

struct Pair {
  std::string biomarker, auxiliary;
  std::string label_column, auxiliary_column;  // the targets' names in exported weights
  PairCohort training;
  std::vector<PairCohort> external;
  std::vector<PairFold> folds;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Pair, biomarker, auxiliary, label_column, auxiliary_column, training, external,
                                   folds)

struct Experiment {
  std::string grid;  // identity of the grid, data included (GridRecord::identity); checkpoints and weights carry it
  std::uint64_t seed = 1337;
  ModelSettings model;
  TrainSettings train;
  Protocol protocol;
  BootstrapSettings bootstrap;
  RunSettings run;
  InitialWeights init;
  std::vector<ExperimentCohort> cohorts;
  std::vector<Pair> pairs;
  std::optional<Extraction> extraction;  // the cells are slides; of the above only `grid` and `run` count

  // Throws Error(fatal) if the cell's pair or fold is not in this experiment.
  const Pair& pair_of(const Cell& cell) const;
};
void to_json(nlohmann::json& j, const Experiment& e);
void from_json(const nlohmann::json& j, Experiment& e);

}  // namespace mtlgrid
