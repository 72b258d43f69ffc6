#include "orchestrator/config/config_settings.h"

namespace mtlgrid {
namespace {

// A class's values: none and one as text, as the identity of grids of one value a class has them, several as a list.
nlohmann::json class_values(const std::vector<std::string>& values) {
  if (values.size() > 1) return values;
  return values.empty() ? "" : values.front();
}

nlohmann::json biomarker_settings(const BiomarkerConfig& b) {
  nlohmann::json auxiliaries = nlohmann::json::object();
  for (const AuxiliaryConfig& a : b.auxiliaries) auxiliaries[a.name] = a.column;
  return {{"train", b.train},
          {"external", b.external},
          {"label", b.rule.column},
          {"positive", class_values(b.rule.positive)},
          {"negative", class_values(b.rule.negative)},
          {"ignore", b.rule.ignore},
          {"auxiliaries", auxiliaries}};
}

}  // namespace

nlohmann::json identity_settings(const Config& config) {
  nlohmann::json biomarkers = nlohmann::json::object();  // keyed by name: the order in the file does not matter
  for (const BiomarkerConfig& b : config.biomarkers) biomarkers[b.name] = biomarker_settings(b);
  nlohmann::json settings = {{"seed", config.seed},
                             {"model", config.model},
                             {"train", config.train},
                             {"protocol", config.protocol},
                             {"biomarkers", biomarkers}};
  settings.update(fold_settings(config));
  return settings;
}

nlohmann::json cluster_settings(const ClusterSettings& cluster) {
  return {{"heartbeat_seconds", cluster.heartbeat_seconds},   {"lease_minutes", cluster.lease_minutes},
          {"retries_crash", cluster.retries_crash},           {"retries_lost", cluster.retries_lost},
          {"quarantine_strikes", cluster.quarantine_strikes}, {"stall_minutes", cluster.stall_minutes}};
}

nlohmann::json resolved_settings(const Config& config) {
  nlohmann::json settings = identity_settings(config), cohorts = nlohmann::json::object();
  for (const CohortFiles& c : config.cohorts) {
    cohorts[c.name] = {{"clini", c.clini.string()},
                       {"slides", c.slides.string()},
                       {"features", c.features.string()},
                       {"patient_column", c.patient_column},
                       {"filename_column", c.filename_column}};
    if (!c.slide_patient_column.empty()) cohorts[c.name]["slide_patient_column"] = c.slide_patient_column;
    if (!c.missing.empty()) cohorts[c.name]["missing"] = c.missing;
    if (!c.slides_folder.empty()) cohorts[c.name]["slides_folder"] = c.slides_folder.string();
  }
  for (const BiomarkerConfig& b : config.biomarkers) {
    if (!b.splits.empty()) settings["biomarkers"][b.name]["splits"] = b.splits.string();
  }
  settings["file"] = config.file.string();
  settings["store"] = config.store.string();
  settings["methods"] = config.methods;
  if (config.repeats > 1) settings["repeats"] = config.repeats;
  settings["cohorts"] = cohorts;
  settings["run"] = config.run;
  settings["bootstrap"] = config.bootstrap;
  settings["cluster"] = cluster_settings(config.cluster);
  return settings;
}

}  // namespace mtlgrid
