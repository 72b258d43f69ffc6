// The configuration file (INI), resolved: defaults filled in, paths absolute.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"
#include "datasets/cohorts/label_rule.h"
#include "orchestrator/config/fold_settings.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

struct AuxiliaryConfig {
  std::string name, column;  // differ only if the configuration says `NAME: COLUMN`
};

struct BiomarkerConfig {
  std::string name, train;
  std::vector<std::string> external;
  LabelRule rule;
  std::vector<AuxiliaryConfig> auxiliaries;
  std::filesystem::path splits;  // file or folder of splits (split_file.h); empty: our own folds
};

struct ClusterSettings {
  double heartbeat_seconds = 5;  // how often workers report, and the coordinator renews its lock
  double lease_minutes = 2;      // silence after which a worker's cells return to the queue
  int retries_crash = 2;         // retries of a cell whose trainer died
  int retries_lost = 3;          // workers that a cell may lose before it counts as failed
  int quarantine_strikes = 3;    // consecutive failures on one host before it is quarantined; 0: never
  double stall_minutes = 30;     // silence after which a busy trainer is killed
};

struct Config : FoldSettings {
  std::filesystem::path file, store;
  std::uint64_t seed = 1337;
  std::vector<std::string> methods;  // in the order of the paper's tables
  Protocol protocol;
  std::vector<CohortFiles> cohorts;
  std::vector<BiomarkerConfig> biomarkers;
  ModelSettings model;
  TrainSettings train;
  RunSettings run;
  std::filesystem::path init;  // initial weights, a PyTorch state dict; empty: drawn
  BootstrapSettings bootstrap;
  ClusterSettings cluster;
  ExtractSettings extract;

  // Names of the cohorts that some biomarker trains on or tests on, in the order of `cohorts`.
  std::vector<std::string> used_cohorts() const;
};

// What the configuration is read for: the grid, or the slides of its cohorts alone. For slides no section
// [biomarker.NAME] and no `clini` is needed.
enum class ConfigUse { grid, slides };

// Reads and checks `file`. Throws InputError with every problem, each with file and line: syntax, unknown sections and
// keys (naming the nearest known one), values that are not numbers or out of range, missing keys, names with forbidden
// characters, references to cohorts that do not exist.
Config load_config(const std::filesystem::path& file, ConfigUse use = ConfigUse::grid);

}  // namespace mtlgrid
