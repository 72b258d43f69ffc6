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
#include "datasets/cohorts/same_kind.h"
#include "datasets/cohorts/same_patients.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/features.h"
#include "datasets/features/fingerprint.h"
#include "datasets/splits/folds.h"
#include "orchestrator/plan/biomarker_rule.h"
#include "orchestrator/plan/grid_record.h"
#include "orchestrator/plan/imported_splits.h"

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

// Every step adds problems to `problems_` and continues with the checks that are still possible.
class PlanBuilder {
 public:
  PlanBuilder(const Config& config, FingerprintMemory& memory, FeatureReader& reader)
      : memory_(memory), reader_(reader) {
    plan_.config = config;
  }

  Plan build() {
    settings();
    cohorts();
    for (const BiomarkerConfig& b : plan_.config.biomarkers) biomarker(b);
    throw_problems();
    plan_.grid = make_grid_record(plan_.config, plan_.rules, plan_.experiment, plan_.cohorts, drops_);
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
      Problems own;
      const std::vector<CohortUse> uses = uses_of(files.name);
      Cohort cohort = load_cohort(files, memory_, own, uses, reader_, FeatureDisk::real());
      for (const std::string& line : cohort.warnings) warn(files.name, line);
      for (const std::string& line : own.lines()) problems_.add(line);
      if (!own.empty()) damaged_.insert(files.name);
      if (!own.empty() && cohort.patients.empty()) continue;
      index_[files.name] = static_cast<int>(plan_.cohorts.size());
      check_repeated_rows(cohort, columns_of(uses), problems_);
      cohort.unread_missing = unread_missing(cohort, uses, rules_of(files.name));
      check_missing_cells(cohort, uses, problems_);
      note_absent_columns(cohort, uses);
      for (const Drop& drop : cohort.drops) drops_.push_back({"", "", drop});
      plan_.experiment.cohorts.push_back(experiment_cohort(cohort));
      plan_.cohorts.push_back(std::move(cohort));
    }
  }

  // The columns that `uses` read, each once.
  static std::vector<std::string> columns_of(const std::vector<CohortUse>& uses) {
    std::vector<std::string> columns;
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
    report_small_classes(b);
    splits_refused_ = false;
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
    warn(warn_of_other_features(training, external));
  }

  // Where the training's files do not say how tiles were cut, those of the external cohorts may still differ.
  void externals_comparable(const BiomarkerConfig& b) {
    const Cohort* training = find(b.train);
    const bool said = training != nullptr && training->level != FeatureLevel::row &&
                      std::all_of(training->geometries.begin(), training->geometries.end(),
                                  [](const GeometryGroup& group) { return group.geometry.says_size(); });
    if (said) return;  // each was compared with it
    for (auto first = b.external.begin(); first != b.external.end(); ++first) {
      for (auto other = first + 1; other != b.external.end(); ++other) {
        const Cohort *one = find(*first), *two = find(*other);
        if (one == nullptr || two == nullptr || damaged_.contains(*first) || damaged_.contains(*other)) continue;
        if (compared_.insert({*first, *other}).second)
          check_same_kind(kind_of(*one), "external cohort", kind_of(*two), problems_);
      }
    }
  }

  void pair(const BiomarkerConfig& b, const AuxiliaryConfig& auxiliary) {
    Pair pair{b.name, auxiliary.name, b.rule.column, auxiliary.column, {}, {}, {}};
    Problems own;
    if (find(b.train) != nullptr) {
      bool whole = true;
      pair.training = rows(b, auxiliary, b.train, true, own, whole);
      whole = whole && own.empty() && !plan_.rules.back().negative.empty() && !damaged_.contains(b.train);
      if (whole) pair.folds = folds(b, pair, own);
    }
    for (const std::string& name : b.external) {
      bool whole = true;
      if (find(name) != nullptr) pair.external.push_back(rows(b, auxiliary, name, false, own, whole));
    }
    for (const std::string& line : own.lines()) problems_.add(line);
    plan_.experiment.pairs.push_back(std::move(pair));
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

  std::vector<PairFold> folds(const BiomarkerConfig& b, const Pair& pair, Problems& problems) {
    const Config& config = plan_.config;
    const Cohort& cohort = *find(b.train);
    const std::string name = fmt::format("{}/{}", b.name, pair.auxiliary);
    std::vector<PairFold> out;
    bool enough = true;
    for (const int label : {1, 0}) {
      const auto count = std::count(pair.training.label.begin(), pair.training.label.end(), label);
      if (count >= config.folds) continue;
      small_[label].push_back({name, count});
      enough = false;
    }
    if (!enough || splits_refused_) return out;
    Problems own;
    own.collect([&] {
      const auto splits = b.splits.empty() ? cross_validation(pair.training.label, config.folds,
                                                              config.train.validation, config.split_seed)
                                           : imported_splits(b.splits, pair, cohort, config);
      for (const FoldSplit& split : splits) out.push_back({split.train, split.valid, split.test});
    });
    splits_refused_ = !own.empty() && !b.splits.empty();  // a file of splits is told once, not for each pair
    prefix(own, fmt::format("{}: pair {}", cohort.files.clini.string(), name), b.splits.empty());
    for (const std::string& line : own.lines()) problems.add(line);
    return out;
  }

  // A line for each class that has fewer patients than folds in some pairs of the biomarker.
  void report_small_classes(const BiomarkerConfig& b) {
    for (const auto& [label, pairs] : small_) {
      std::vector<std::string> names;
      for (const SmallClass& pair : pairs) names.push_back(pair.name);
      const auto [least, most] = std::minmax_element(
          pairs.begin(), pairs.end(), [](const SmallClass& x, const SmallClass& y) { return x.patients < y.patients; });
      const std::string counts = least->patients == most->patients
                                     ? std::to_string(least->patients)
                                     : fmt::format("{} to {}", least->patients, most->patients);
      problems_.add(fmt::format(
          "{}: pair{} {}: {} {} patients, expected at least {} (folds); write folds = {} or less in "
          "[grid], or add patients",
          find(b.train)->files.clini.string(), pairs.size() > 1 ? "s" : "", fmt::join(names, ", "), counts,
          label == 1 ? "positive" : "negative", plan_.config.folds, std::max<std::ptrdiff_t>(2, least->patients)));
    }
    small_.clear();
  }

  // Splitters know rows, not files.
  static void prefix(Problems& problems, const std::string& where, bool wanted) {
    if (!wanted || problems.empty()) return;
    Problems named;
    for (const std::string& line : problems.lines()) named.add(where + ": " + line);
    problems = named;
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
  // A class of a pair's training cohort with fewer patients than folds.
  struct SmallClass {
    std::string name;  // of the pair
    std::ptrdiff_t patients;
  };
  std::map<int, std::vector<SmallClass>> small_;  // of the biomarker that is read, by label
  bool splits_refused_ = false;                   // of that biomarker
  std::set<std::string> damaged_;                 // cohorts with problems
  std::map<std::string, int> index_;              // name of a loaded cohort -> position in plan_.cohorts
  std::set<std::pair<std::string, std::string>> compared_;
  std::vector<GridRecord::DropRow> drops_;
};

}  // namespace

Plan make_plan(const Config& config, FingerprintMemory& memory, FeatureReader& reader) {
  return PlanBuilder(config, memory, reader).build();
}

Plan make_plan(const Config& config, FingerprintMemory& memory) {
  DirectReader reader(FeatureDisk::real());
  return make_plan(config, memory, reader);
}

}  // namespace mtlgrid
