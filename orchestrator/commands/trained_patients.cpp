#include "orchestrator/commands/trained_patients.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/text.h"
#include "datasets/cohorts/same_patients.h"
#include "results/records/recorded_data.h"
#include "results/store/reading.h"

namespace mtlgrid {
namespace {

// Patients, but for those of `seen`, whose slides are of a patient in `seen` by the grid's record of the training data.
// Throws json::exception for settings of another shape.
std::string with_trained_slides(const TrainedCell& trained, const nlohmann::json& settings, const Cohort& cohort,
                                const std::set<std::string>& seen) {
  const std::string training = settings.at("biomarkers").at(trained.cell.biomarker).at("train");
  const nlohmann::json none = nlohmann::json::object();
  std::map<std::string, std::string> by_slides;
  const nlohmann::json features = settings.value(kRecordedData, none).value("features", none).value(training, none);
  for (const auto& [patient, fingerprint] : features.items()) {
    if (seen.contains(patient)) by_slides[fingerprint] = patient;
  }
  std::vector<std::string> pairs;
  for (const Patient& patient : cohort.patients) {
    const auto found = by_slides.find(patient.fingerprint);
    if (found == by_slides.end() || seen.contains(patient.name)) continue;
    pairs.push_back(fmt::format("{} is {}", printable(patient.name), printable(found->second)));
  }
  if (pairs.empty()) return "";
  const std::size_t n = pairs.size();
  if (n > 3) pairs.resize(3);
  return fmt::format(
      "{} of these patients have the slides (file names and features) of patients that {} was trained on, "
      "under other names: {}{}\n",
      n, trained.cell.name(), fmt::join(pairs, ", "), n > 3 ? ", ..." : "");
}

}  // namespace

std::string trained_on(const std::filesystem::path& store, const TrainedCell& trained, const Cohort& cohort) {
  const Database database = open_for_reading(store);
  const Cell& cell = trained.cell;
  Statement rows = database.prepare(
      "SELECT patient FROM splits WHERE grid_id = ? AND biomarker = ? AND auxiliary = ? AND fold = ? AND role <> "
      "'test'");
  rows.bind_all(trained.grid_id, cell.biomarker, cell.auxiliary, cell.fold);
  std::set<std::string> seen;
  while (rows.step()) seen.insert(rows.text(0));
  const auto& patients = cohort.patients;
  const auto n =
      std::count_if(patients.begin(), patients.end(), [&](const Patient& p) { return seen.contains(p.name); });
  std::string text = n == 0
                         ? ""
                         : fmt::format("{} of these patients have the same names as patients that {} was trained on\n",
                                       n, cell.name());
  const std::string spelled = same_by_spelling(cohort, seen, fmt::format("those that {} was trained on", cell.name()));
  if (!spelled.empty()) text += fmt::format("{}\n", printable(spelled));
  return text + read_settings(store, trained, [&](const nlohmann::json& settings) {
           return with_trained_slides(trained, settings, cohort, seen);
         });
}

}  // namespace mtlgrid
