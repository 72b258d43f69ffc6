#include "results/grids/grid_content.h"

#include <cmath>

#include "base/decode.h"
#include "results/records/recorded_data.h"
#include "results/records/records.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

// The member `key` of an object; null where there is none.
const json& member(const json& object, const std::string& key) {
  static const json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

// Throws json::exception for data of another shape.
void take_data(const json& data, GridContent& content) {
  for (const auto& [cohort, patients] : member(data, "features").items()) {
    for (const auto& [patient, hash] : patients.items()) content.features[cohort][patient] = hash;
  }
  for (const auto& [biomarker, cohorts] : member(data, "labels").items()) {
    for (const auto& [cohort, patients] : cohorts.items()) {
      for (const auto& [patient, label] : patients.items()) content.labels[{biomarker, cohort}][patient] = label;
    }
  }
  for (const auto& [cohort, columns] : member(data, "targets").items()) {
    for (const auto& [column, patients] : columns.items()) {
      for (const auto& [patient, value] : patients.items()) {
        content.targets[{cohort, column}][patient] = value.is_number() ? value.get<double>() : kMissing;
      }
    }
  }
}

// Takes over what the registration recorded. Leaves `recorded` false if there is nothing, or not what a run writes.
void take_recorded(GridContent& content) {
  const json& data = member(content.settings, kRecordedData);
  if (!data.is_object()) return;
  GridContent with_data = content;
  try {
    take_data(data, with_data);
  } catch (const json::exception&) {
    return;
  }
  content = std::move(with_data);
  content.recorded = true;
}

// Labels and targets of patients for whom one method's cells have predictions.
void take_predictions(const Database& database, std::int64_t grid, GridContent& content) {
  const json& biomarkers = member(content.settings, "biomarkers");
  Statement rows = database.prepare(
      "SELECT c.biomarker, c.auxiliary, p.cohort, p.patient, p.label, p.target FROM cells c "
      "JOIN predictions p ON p.cell_id = c.cell_id AND p.attempt = c.result_attempt WHERE c.cell_id IN "
      "(SELECT min(cell_id) FROM cells WHERE grid_id = ? AND state = 'done' GROUP BY biomarker, auxiliary, fold)");
  rows.bind_all(grid);
  while (rows.step()) {
    const std::string biomarker = rows.text(0), auxiliary = rows.text(1);
    const json& settings = member(biomarkers, biomarker);
    const json &train = member(settings, "train"), &column = member(member(settings, "auxiliaries"), auxiliary);
    std::string cohort = rows.text(2);
    if (cohort == kTestCohort && train.is_string()) cohort = train.get<std::string>();
    content.labels[{biomarker, cohort}][rows.text(3)] = static_cast<int>(rows.integer(4));
    if (rows.is_null(5)) continue;  // no value, or not kept: not known
    content.targets[{cohort, column.is_string() ? column.get<std::string>() : auxiliary}][rows.text(3)] = rows.real(5);
  }
}

}  // namespace

GridContent content_of(const GridRecord& grid) {
  GridContent content;
  content.identity = grid.identity;
  content.settings = grid.settings;
  take_recorded(content);
  for (const SplitRow& row : grid.splits) {
    content.roles[{row.biomarker, row.auxiliary}][{row.fold, row.patient}] = row.role;
  }
  return content;
}

GridContent read_content(const Database& database, std::int64_t grid) {
  GridContent content;
  Statement registered = database.prepare("SELECT identity, settings FROM grids WHERE grid_id = ?");
  registered.bind_all(grid);
  if (!registered.step()) throw Error(ErrorKind::fatal, "the store has no grid " + std::to_string(grid));
  content.identity = registered.text(0);
  content.settings = decode_json_if_valid(registered.text(1)).value_or(nullptr);
  registered.reset();
  take_recorded(content);
  if (!content.recorded) take_predictions(database, grid, content);
  Statement splits = database.prepare("SELECT biomarker, auxiliary, fold, patient, role FROM splits WHERE grid_id = ?");
  splits.bind_all(grid);
  while (splits.step()) {
    content.roles[{splits.text(0), splits.text(1)}][{static_cast<int>(splits.integer(2)), splits.text(3)}] =
        splits.text(4);
  }
  return content;
}

}  // namespace mtlgrid
