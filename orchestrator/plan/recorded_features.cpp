#include "orchestrator/plan/recorded_features.h"

#include <string>

#include "datasets/cohorts/cohort_level.h"

namespace mtlgrid {
namespace {

// The members of a group by name.
template <typename Visit, typename Group>
void visit(Visit&& member, Group& group) {
  auto& geometry = group.geometry;
  member("um", geometry.um);
  member("px", geometry.px);
  member("mpp", geometry.mpp);
  member("magnification", geometry.magnification);
  member("level", geometry.level);
  member("downsample", geometry.downsample);
  member("nominal", geometry.nominal);
  member("unit", geometry.unit);
  member("tool", geometry.tool);
  member("version", geometry.version);
  member("unread", geometry.unread);
  member("extractor", group.extractor);
}

}  // namespace

void record_features(const Cohort& cohort, nlohmann::json& settings) {
  if (cohort.level != FeatureLevel::tile) settings["level"] = level_name(cohort.level);
  if (cohort.geometries.empty()) return;
  nlohmann::json& all = settings["geometry"] = nlohmann::json::array();
  for (const GeometryGroup& group : cohort.geometries) {
    nlohmann::json said = {{"files", group.files}, {"examples", group.examples}};
    const GeometryGroup unsaid;
    nlohmann::json nothing;
    visit([&](const char* name, const auto& value) { nothing[name] = value; }, unsaid);
    visit(
        [&](const char* name, const auto& value) {
          if (nothing[name] != nlohmann::json(value)) said[name] = value;
        },
        group);
    all.push_back(std::move(said));
  }
}

RecordedFeatures recorded_features(const nlohmann::json& settings) {
  RecordedFeatures recorded;
  if (settings.contains("level")) recorded.level = level_of_name(settings["level"].get<std::string>());
  for (const nlohmann::json& said : settings.value("geometry", nlohmann::json::array())) {
    GeometryGroup group;
    group.files = said.at("files");
    group.examples = said.at("examples");
    visit(
        [&](const char* name, auto& value) {
          if (said.contains(name)) said.at(name).get_to(value);
        },
        group);
    recorded.geometries.push_back(std::move(group));
  }
  return recorded;
}

}  // namespace mtlgrid
