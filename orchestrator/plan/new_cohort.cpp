#include "orchestrator/plan/new_cohort.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "datasets/cohorts/absent_columns.h"
#include "datasets/cohorts/labels.h"
#include "datasets/cohorts/load_cohort.h"
#include "datasets/cohorts/missing_cells.h"
#include "datasets/cohorts/repeated_rows.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_reader.h"

namespace mtlgrid {
namespace {

void add_labels(NewCohort& cohort, const Cohort& labelled, const LabelledRows& rows) {
  for (std::size_t i = 0; i < rows.patient.size(); ++i) {
    const std::string& name = labelled.patients[static_cast<std::size_t>(rows.patient[i])].name;
    const auto& all = cohort.patients.patients;  // ascending, and a superset of the labelled ones
    const auto found = std::lower_bound(all.begin(), all.end(), name,
                                        [](const Patient& p, const std::string& n) { return p.name < n; });
    const auto at = static_cast<std::size_t>(found - all.begin());
    cohort.label[at] = rows.label[i];
    cohort.target[at] = rows.target[i];
  }
}

void drop_once(std::vector<Drop>& drops) {
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  std::erase_if(drops, [&](const Drop& d) { return !seen.emplace(d.patient, d.slide, d.reason).second; });
}

void add_once(std::vector<std::string>& lines, const std::vector<std::string>& more) {
  for (const std::string& line : more) {
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
}

}  // namespace

NewCohort load_new_cohort(const CohortFiles& files, const LabelRule& rule, const std::string& auxiliary_column,
                          FeatureReader& reader, Problems& problems) {
  FingerprintMemory memory;  // files are read once for both joins below
  CohortFiles unlabelled = files;
  if (!files.slides.empty()) unlabelled.clini.clear();  // otherwise the clinical table names the patients
  NewCohort cohort;
  cohort.patients = load_cohort(unlabelled, memory, problems, {}, reader, FeatureDisk::real());
  cohort.label.resize(cohort.patients.patients.size());
  cohort.target.resize(cohort.label.size(), std::numeric_limits<double>::quiet_NaN());
  cohort.drops = cohort.patients.drops;
  cohort.rule = rule;
  if (files.clini.empty()) return cohort;
  Problems own;
  Cohort& labelled = cohort.labelled;
  labelled = load_cohort(files, memory, own, {}, reader, FeatureDisk::real());
  if (!labelled.patients.empty()) {  // tables are checked where files are broken too
    check_repeated_rows(labelled, {rule.column, auxiliary_column}, own);
    const std::vector<CohortUse> uses = {{rule.column, rule.ignore, auxiliary_column, false}};
    labelled.unread_missing = unread_missing(labelled, uses, {rule});
    check_missing_cells(labelled, uses, own);
    note_absent_columns(labelled, uses);
    cohort.rule = find_classes(rule, labelled, "the clinical table, which has no other value", own);
    cohort.values = label_values(labelled, cohort.rule);
    const LabelledRows rows = label_rows(labelled, cohort.rule, auxiliary_column, false, own);
    if (own.empty()) add_labels(cohort, labelled, rows);
    cohort.drops.insert(cohort.drops.end(), labelled.drops.begin(), labelled.drops.end());
    cohort.drops.insert(cohort.drops.end(), rows.drops.begin(), rows.drops.end());
    drop_once(cohort.drops);
    add_once(cohort.patients.warnings, labelled.warnings);    // those of the slide table are there already
    std::vector<std::string> of_table = labelled.inferences;  // the feature files' are there already
    const std::string table = files.clini.filename().string() + ": ";
    std::erase_if(of_table, [&](const std::string& line) { return !line.starts_with(table); });
    add_once(cohort.patients.inferences, of_table);
  }
  for (const std::string& line : own.lines()) problems.add(line);
  return cohort;
}

}  // namespace mtlgrid
