#include "orchestrator/plan/grid_record.h"

#include <cmath>

#include "datasets/features/fingerprint.h"
#include "orchestrator/config/config_settings.h"
#include "orchestrator/plan/recorded_features.h"
#include "results/records/recorded_data.h"

namespace mtlgrid {
namespace {

nlohmann::json rows_json(const PairCohort& rows) {
  return {{"patient", rows.patient}, {"label", rows.label}, {"target", rows.target}};
}

std::string identity(const Config& config, const Experiment& experiment, const std::vector<Cohort>& cohorts) {
  nlohmann::json j = {{"settings", identity_settings(config)}};
  if (!experiment.init.hash.empty()) j["init"] = experiment.init.hash;
  for (const Cohort& cohort : cohorts) j["cohorts"][cohort.files.name] = cohort.fingerprint;
  const auto& names = experiment.cohorts;
  for (const Pair& pair : experiment.pairs) {
    nlohmann::json& p = j["pairs"][pair.biomarker + "/" + pair.auxiliary];
    p["folds"] = pair.folds;
    p["training"] = rows_json(pair.training);
    for (const PairCohort& e : pair.external) {
      p["external"][names[static_cast<std::size_t>(e.cohort)].name] = rows_json(e);
    }
  }
  return hash_text(j.dump());
}

// What the tables and feature files say of each patient, for the comparison with other grids
// (results/records/recorded_data.h).
nlohmann::json recorded_data(const Experiment& experiment, const std::vector<Cohort>& cohorts) {
  nlohmann::json data = {{"features", nlohmann::json::object()},
                         {"labels", nlohmann::json::object()},
                         {"targets", nlohmann::json::object()}};
  for (const Cohort& cohort : cohorts) {
    for (const Patient& patient : cohort.patients) {
      data["features"][cohort.files.name][patient.name] = patient.fingerprint;
    }
  }
  const auto add = [&](const Pair& pair, const PairCohort& rows) {
    const ExperimentCohort& cohort = experiment.cohorts[static_cast<std::size_t>(rows.cohort)];
    nlohmann::json& labels = data["labels"][pair.biomarker][cohort.name];
    nlohmann::json& targets = data["targets"][cohort.name][pair.auxiliary_column];
    for (std::size_t i = 0; i < rows.patient.size(); ++i) {
      const std::string& patient = cohort.patients[static_cast<std::size_t>(rows.patient[i])].name;
      labels[patient] = rows.label[i];
      targets[patient] = std::isnan(rows.target[i]) ? nlohmann::json() : nlohmann::json(rows.target[i]);
    }
  };
  for (const Pair& pair : experiment.pairs) {
    add(pair, pair.training);
    for (const PairCohort& external : pair.external) add(pair, external);
  }
  return data;
}

// The values of each biomarker's classes, which `predict` takes for other cohorts.
nlohmann::json classes(const Config& config, const std::vector<LabelRule>& rules) {
  nlohmann::json found = nlohmann::json::object();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    found[config.biomarkers[i].name] = {{"positive", rules[i].positive}, {"negative", rules[i].negative}};
  }
  return found;
}

void add_splits(const Experiment& experiment, const Pair& pair, SplitRows& out) {
  const auto& patients = experiment.cohorts[static_cast<std::size_t>(pair.training.cohort)].patients;
  for (std::size_t fold = 0; fold < pair.folds.size(); ++fold) {
    const auto add = [&](const std::vector<int>& positions, const std::string& role) {
      for (const int position : positions) {
        const int patient = pair.training.patient[static_cast<std::size_t>(position)];
        out.add(pair.biomarker, pair.auxiliary, static_cast<int>(fold),
                patients[static_cast<std::size_t>(patient)].name, role);
      }
    };
    add(pair.folds[fold].train, "train");
    add(pair.folds[fold].valid, "valid");
    add(pair.folds[fold].test, "test");
  }
}

// A later repeat follows all cells of the one before, as if it had been added to a grid that had them.
std::vector<Cell> cells_of(const Config& config, const std::vector<Pair>& pairs) {
  std::vector<Cell> cells;
  for (int repeat = 0; repeat < config.repeats; ++repeat) {
    for (const Pair& pair : pairs) {
      for (const std::string& method : config.methods) {
        for (int fold = 0; fold < static_cast<int>(pair.folds.size()); ++fold) {
          cells.push_back({pair.biomarker, pair.auxiliary, method, fold, repeat});
        }
      }
    }
  }
  return cells;
}

}  // namespace

GridRecord make_grid_record(const Config& config, const std::vector<LabelRule>& rules, const Experiment& experiment,
                            const std::vector<Cohort>& cohorts, std::vector<GridRecord::DropRow> drops) {
  GridRecord grid;
  grid.identity = identity(config, experiment, cohorts);
  grid.settings = resolved_settings(config);
  if (!experiment.init.hash.empty()) grid.settings["init"] = experiment.init;
  for (const Cohort& cohort : cohorts) {  // read from the feature files
    nlohmann::json& said = grid.settings["cohorts"][cohort.files.name];
    said["extractor"] = cohort.extractor;
    record_features(cohort, said);
  }
  grid.settings["classes"] = classes(config, rules);
  grid.settings[kRecordedData] = recorded_data(experiment, cohorts);
  grid.cells = cells_of(config, experiment.pairs);
  for (const Pair& pair : experiment.pairs) add_splits(experiment, pair, grid.splits);
  for (const BiomarkerConfig& b : config.biomarkers) {
    grid.cohorts.push_back({b.name, b.train, "train"});
    for (const std::string& name : b.external) grid.cohorts.push_back({b.name, name, "external"});
  }
  grid.drops = std::move(drops);
  return grid;
}

}  // namespace mtlgrid
