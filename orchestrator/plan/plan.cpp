#include "orchestrator/plan/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "datasets/cohorts/absent_columns.h"
#include "datasets/cohorts/labels.h"
#include "datasets/cohorts/load_cohort.h"
#include "datasets/cohorts/missing_cells.h"
#include "datasets/cohorts/repeated_rows.h"
#include "datasets/cohorts/same_features.h"
#include "datasets/cohorts/same_kind.h"
#include "datasets/cohorts/same_patients.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_index.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/features.h"
#include "datasets/features/fingerprint.h"
#include "orchestrator/plan/biomarker_rule.h"
#include "orchestrator/plan/grid_record.h"
#include "orchestrator/plan/pair_folds.h"
#include "results/records/recorded_data.h"

namespace mtlgrid {
namespace {

// Throws InputError for a file that no network can come from, before its gigabytes are read.
InitialWeights initial_weights(const std::filesystem::path& file) {
  constexpr std::uintmax_t kMost = std::uintmax_t{4} << 30;  // bytes; guessed: 25 times the paper's network in float64
  std::error_code error;
  if (const std::uintmax_t size = std::filesystem::file_size(file, error); !error && size > kMost) {
    throw InputError(fmt::format(
        "{}: {} bytes, more than any network of ours has; expected what torch.save wrote of one", file.string(), size));
  }
  return {file.string(), hash_file(file)};
}

FeatureKind kind_of(const Cohort& cohort) {
  return {cohort.files.name, cohort.files.features, cohort.level, cohort.geometries};
}

// Whether the cohort has slides and not a single feature file.
bool awaits_extraction(const CohortFiles& files) {
  if (files.slides_folder.empty()) return false;
  try {
    return FeatureIndex(files.features).files().empty();
  } catch (const InputError&) {  // it is not there, or has none
    return true;
  }
}

// Every step adds problems to `problems_` and continues with the checks that are still possible.
class PlanBuilder {
 public:
  PlanBuilder(const Config& config, FingerprintMemory& memory, FeatureReader& reader)
      : memory_(memory), reader_(reader), folds_(config) {
    plan_.config = config;
  }

  Plan build() {
    settings();
    cohorts();
    for (const BiomarkerConfig& b : plan_.config.biomarkers) biomarker(b);
    finish_folds();
    throw_problems();
    plan_.grid = make_grid_record(plan_.config, plan_.rules, plan_.experiment, plan_.cohorts, drops_);
    record_sites();
    plan_.experiment.grid = plan_.grid.identity;
    return std::move(plan_);
  }

 private:
  void settings() {
    Experiment& e = plan_.experiment;
    const Config& c = plan_.config;
    e.seed = c.seed;
    e.model = c.model;
    e.train = c.train;
    e.protocol = c.protocol;
    e.bootstrap = c.bootstrap;
    e.run = c.run;
    if (!c.init.empty()) problems_.collect([&] { e.init = initial_weights(c.init); });
  }

  void cohorts() {
    const std::vector<std::string> used = plan_.config.used_cohorts();
    for (const CohortFiles& files : plan_.config.cohorts) {
      if (std::find(used.begin(), used.end(), files.name) == used.end()) continue;
      if (awaits_extraction(files)) {
        problems_.add(
            fmt::format("cohort {}: no features in {} yet; compute those of its slides first: mtlgrid extract {}",
                        files.name, files.features.string(), plan_.config.file.string()));
        damaged_.insert(files.name);
        continue;
      }
      Problems own;
      const std::vector<CohortUse> uses = uses_of(files.name);
      Cohort cohort = load_cohort(files, memory_, own, uses, reader_, FeatureDisk::real());
      for (const std::string& line : cohort.warnings) warn(files.name, line);
      for (const std::string& line : own.lines()) problems_.add(line);
      if (!own.empty()) damaged_.insert(files.name);
      if (!own.empty() && cohort.patients.empty()) continue;
      index_[files.name] = static_cast<int>(plan_.cohorts.size());
      check_repeated_rows(cohort, columns_of(files.name, uses), problems_);
      cohort.unread_missing = unread_missing(cohort, uses, rules_of(files.name));
      check_missing_cells(cohort, uses, problems_);
      note_absent_columns(cohort, uses);
      warn_of_same_features(cohort);
      for (const Drop& drop : cohort.drops) drops_.push_back({"", "", drop});
      plan_.experiment.cohorts.push_back(experiment_cohort(cohort));
      plan_.cohorts.push_back(std::move(cohort));
    }
  }

  // The columns of a cohort that are read, each once: those of `uses`, and of site groups if it is trained on.
  std::vector<std::string> columns_of(const std::string& cohort, const std::vector<CohortUse>& uses) const {
    std::vector<std::string> columns;
    const auto& all = plan_.config.biomarkers;
    const bool trained =
        std::any_of(all.begin(), all.end(), [&](const BiomarkerConfig& b) { return b.train == cohort; });
    if (trained && !plan_.config.groups.empty()) columns.push_back(plan_.config.groups);
    for (const CohortUse& use : uses) {
      for (const std::string& column : {use.label_column, use.auxiliary_column}) {
        if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
      }
    }
    return columns;
  }

  // What the pairs read of a cohort's clinical table.
  std::vector<CohortUse> uses_of(const std::string& cohort) const {
    std::vector<CohortUse> uses;
    for (const BiomarkerConfig& b : plan_.config.biomarkers) {
      const bool external = std::find(b.external.begin(), b.external.end(), cohort) != b.external.end();
      if (b.train != cohort && !external) continue;
      for (const AuxiliaryConfig& auxiliary : b.auxiliaries) {
        uses.push_back({b.rule.column, b.rule.ignore, auxiliary.column, !external});
      }
    }
    return uses;
  }

  // Of the biomarkers that read a cohort, as they are written.
  std::vector<LabelRule> rules_of(const std::string& cohort) const {
    std::vector<LabelRule> rules;
    for (const BiomarkerConfig& b : plan_.config.biomarkers) {
      const bool external = std::find(b.external.begin(), b.external.end(), cohort) != b.external.end();
      if (b.train == cohort || external) rules.push_back(written_rule(b));
    }
    return rules;
  }

  static ExperimentCohort experiment_cohort(const Cohort& cohort) {
    ExperimentCohort out{cohort.files.name, cohort.width, {}};
    for (const Patient& patient : cohort.patients) {
      PatientFiles& files = out.patients.emplace_back(PatientFiles{patient.name, {}});
      files.files = known_features(patient);
    }
    return out;
  }

  // The cohort, nullptr if it has no patients. One with damaged files is checked as far as its tables go.
  const Cohort* find(const std::string& name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &plan_.cohorts[static_cast<std::size_t>(found->second)];
  }

  void biomarker(const BiomarkerConfig& b) {
    LabelRule& rule = plan_.rules.emplace_back(written_rule(b));
    if (const Cohort* training = find(b.train)) {
      Problems own;
      rule = biomarker_rule(b, *training, own);
      for (const std::string& line : own.lines()) problems_.add(line);
      for (const std::string& name : b.external) {
        const Cohort* external = find(name);
        if (external != nullptr && compared_.insert({b.train, name}).second) comparable(*training, *external);
      }
    }
    externals_comparable(b);
    for (const AuxiliaryConfig& auxiliary : b.auxiliaries) pair(b, auxiliary);
    const auto training = index_.find(b.train);
    if (training == index_.end()) return;
    Cohort& cohort = plan_.cohorts[static_cast<std::size_t>(training->second)];
    add_all(folds_.finish_biomarker(cohort, problems_), cohort.warnings);
    add_all(folds_.take_inferences(), cohort.inferences);
  }

  // A model is trained on one cohort and tested on the other: other patients, but the same kind of features.
  void comparable(const Cohort& training, const Cohort& external) {
    check_disjoint(training, external, problems_);
    const auto warn = [&](const std::vector<std::string>& lines) {
      auto& warnings = plan_.cohorts[static_cast<std::size_t>(index_.at(external.files.name))].warnings;
      warnings.insert(warnings.end(), lines.begin(), lines.end());
    };
    warn(warn_of_same_patients(training, external));
    if (damaged_.contains(training.files.name) || damaged_.contains(external.files.name)) return;
    check_same_features(training, external, problems_);
    const bool unlike = kind_difference(kind_of(training), kind_of(external)) ||
                        !geometry_conflict(training.geometries, external.geometries).empty();
    if (unlike) unlike_.insert(external.files.name);
    warn(warn_of_other_features(training, external));
  }

  // What the training's files do not say, those of the external cohorts may say, and differ.
  void externals_comparable(const BiomarkerConfig& b) {
    for (auto first = b.external.begin(); first != b.external.end(); ++first) {
      for (auto other = first + 1; other != b.external.end(); ++other) {
        const Cohort *one = find(*first), *two = find(*other);
        if (one == nullptr || two == nullptr || damaged_.contains(*first) || damaged_.contains(*other)) continue;
        if (unlike_.contains(*first) || unlike_.contains(*other)) continue;  // that was said
        if (compared_.insert({*first, *other}).second)
          check_same_kind(kind_of(*one), "external cohort", kind_of(*two), problems_);
      }
    }
  }

  void pair(const BiomarkerConfig& b, const AuxiliaryConfig& auxiliary) {
    Pair pair{b.name, auxiliary.name, b.rule.column, auxiliary.column, {}, {}, {}};
    PairSplits splits;
    Problems own;
    if (find(b.train) != nullptr) {
      bool whole = true;
      pair.training = rows(b, auxiliary, b.train, true, own, whole);
      whole = whole && own.empty() && !plan_.rules.back().negative.empty() && !damaged_.contains(b.train);
      if (whole) splits = folds_.make(b, pair, *find(b.train), own);
    }
    for (const std::string& name : b.external) {
      bool whole = true;
      if (find(name) != nullptr) pair.external.push_back(rows(b, auxiliary, name, false, own, whole));
    }
    for (const std::string& line : own.lines()) problems_.add(line);
    pair.folds = std::move(splits.folds);
    plan_.experiment.pairs.push_back(std::move(pair));
    plan_.sites.push_back(std::move(splits.sites));
  }

  // Sets `whole` as LabelledRows::whole.
  PairCohort rows(const BiomarkerConfig& b, const AuxiliaryConfig& auxiliary, const std::string& name, bool training,
                  Problems& problems, bool& whole) {
    const Cohort& cohort = *find(name);
    Problems own;
    LabelledRows rows = label_rows(cohort, plan_.rules.back(), auxiliary.column, training, own);
    for (const std::string& line : own.lines()) problems.add(line);
    whole = rows.whole;
    for (const Drop& drop : rows.drops) drops_.push_back({b.name, auxiliary.name, drop});
    return {index_.at(name), std::move(rows.patient), std::move(rows.label), std::move(rows.target)};
  }

  // Of the column of site groups; and how many folds there are at most, where each site group is one.
  void finish_folds() {
    int most = 0;
    for (const Pair& pair : plan_.experiment.pairs) most = std::max(most, static_cast<int>(pair.folds.size()));
    if (plan_.config.fold_per_group) plan_.config.folds = most;
    for (Cohort& cohort : plan_.cohorts) add_all(folds_.finish_cohort(cohort, problems_), cohort.warnings);
  }

  // Which site group each patient is of, for whoever reads the store; the identity has the folds themselves.
  void record_sites() {
    nlohmann::json& data = plan_.grid.settings[kRecordedData];
    for (std::size_t i = 0; i < plan_.sites.size(); ++i) {
      const PairCohort& rows = plan_.experiment.pairs[i].training;
      const Cohort& cohort = plan_.cohorts[static_cast<std::size_t>(rows.cohort)];
      for (std::size_t row = 0; row < plan_.sites[i].group.size(); ++row) {
        const auto& patient = cohort.patients[static_cast<std::size_t>(rows.patient[row])];
        data["site_groups"][cohort.files.name][patient.name] =
            plan_.sites[i].values[static_cast<std::size_t>(plan_.sites[i].group[row])];
      }
    }
  }

  static void add_all(const std::vector<std::string>& lines, std::vector<std::string>& to) {
    for (const std::string& line : lines) {
      if (std::find(to.begin(), to.end(), line) == to.end()) to.push_back(line);
    }
  }

  void warn(const std::string& cohort, const std::string& line) {
    warnings_.push_back(fmt::format("warning: {}: {}", cohort, line));
  }

  // Pairs of a biomarker read the same label column: each problem is reported once. What the joins warn of comes
  // first, for it may be the cause: patients who are lost in the join are missing in their class.
  void throw_problems() const {
    if (problems_.empty()) return;
    Problems once;
    for (const std::string& line : warnings_) once.add(line);
    std::set<std::string> seen;
    for (const std::string& line : problems_.lines()) {
      if (seen.insert(line).second) once.add(line);
    }
    once.throw_if_any();
  }

  Plan plan_;
  FingerprintMemory& memory_;
  FeatureReader& reader_;
  Problems problems_;
  std::vector<std::string> warnings_;  // of the joins of all cohorts, those that failed too
  PairFolds folds_;
  std::set<std::string> damaged_;     // cohorts with problems
  std::map<std::string, int> index_;  // name of a loaded cohort -> position in plan_.cohorts
  std::set<std::pair<std::string, std::string>> compared_;
  std::set<std::string> unlike_;  // external cohorts with features of another kind than a training cohort
  std::vector<GridRecord::DropRow> drops_;
};

}  // namespace

const Cohort* find_cohort(const Plan& plan, const std::string& name) {
  const auto found = std::find_if(plan.cohorts.begin(), plan.cohorts.end(),
                                  [&](const Cohort& cohort) { return cohort.files.name == name; });
  return found == plan.cohorts.end() ? nullptr : &*found;
}

Plan make_plan(const Config& config, FingerprintMemory& memory, FeatureReader& reader) {
  return PlanBuilder(config, memory, reader).build();
}

Plan make_plan(const Config& config, FingerprintMemory& memory) {
  DirectReader reader(FeatureDisk::real());
  return make_plan(config, memory, reader);
}

std::uint64_t feature_bytes(const Plan& plan) {
  std::uint64_t bytes = 0;
  for (const Cohort& cohort : plan.cohorts) {
    for (const Patient& patient : cohort.patients) {
      bytes += static_cast<std::uint64_t>(patient.tiles() * cohort.width) * sizeof(std::uint16_t);
    }
  }
  return bytes;
}

}  // namespace mtlgrid
