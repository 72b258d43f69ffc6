#include "orchestrator/plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "datasets/features.h"
#include "datasets/fingerprint.h"
#include "datasets/folds.h"
#include "datasets/load_cohort.h"
#include "orchestrator/plan/grid_record.h"
#include "orchestrator/plan/imported_splits.h"

namespace mtlgrid {
namespace {

// Every step adds problems to `problems_` and continues with the checks that are still possible.
class PlanBuilder {
 public:
  PlanBuilder(const Config& config, FingerprintMemory& memory) : memory_(memory) { plan_.config = config; }

  Plan build() {
    settings();
    cohorts();
    for (const BiomarkerConfig& b : plan_.config.biomarkers) biomarker(b);
    throw_problems();
    plan_.grid = make_grid_record(plan_.config, plan_.experiment, plan_.cohorts, drops_);
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
    if (!c.init.empty()) problems_.collect([&] { e.init = {c.init.string(), hash_file(c.init)}; });
  }

  void cohorts() {
    const std::vector<std::string> used = plan_.config.used_cohorts();
    for (const CohortFiles& files : plan_.config.cohorts) {
      if (std::find(used.begin(), used.end(), files.name) == used.end()) continue;
      Problems own;
      Cohort cohort = load_cohort(files, memory_, own, uses_of(files.name));
      for (const std::string& line : own.lines()) problems_.add(line);
      if (!own.empty()) continue;
      index_[files.name] = static_cast<int>(plan_.cohorts.size());
      for (const Drop& drop : cohort.drops) drops_.push_back({"", "", drop});
      plan_.experiment.cohorts.push_back(experiment_cohort(cohort));
      plan_.cohorts.push_back(std::move(cohort));
    }
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

  static ExperimentCohort experiment_cohort(const Cohort& cohort) {
    ExperimentCohort out{cohort.files.name, cohort.width, {}};
    for (const Patient& patient : cohort.patients) {
      PatientFiles& files = out.patients.emplace_back(PatientFiles{patient.name, {}});
      for (const FeatureFile& slide : patient.slides) files.files.push_back(slide.path.string());
    }
    return out;
  }

  // The cohort if it was loaded without problems, else nullptr.
  const Cohort* find(const std::string& name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &plan_.cohorts[static_cast<std::size_t>(found->second)];
  }

  void biomarker(const BiomarkerConfig& b) {
    if (const Cohort* training = find(b.train)) {
      for (const std::string& name : b.external) {
        const Cohort* external = find(name);
        if (external != nullptr && compared_.insert({b.train, name}).second) comparable(*training, *external);
      }
    }
    for (const AuxiliaryConfig& auxiliary : b.auxiliaries) pair(b, auxiliary);
  }

  // A model is trained on one cohort and tested on the other: other patients, but the same kind of features.
  void comparable(const Cohort& training, const Cohort& external) {
    check_disjoint(training, external, problems_);
    check_same_features(training, external, problems_);
  }

  void pair(const BiomarkerConfig& b, const AuxiliaryConfig& auxiliary) {
    Pair pair{b.name, auxiliary.name, b.rule.column, auxiliary.column, {}, {}, {}};
    Problems own;
    if (find(b.train) != nullptr) {
      pair.training = rows(b, auxiliary, b.train, true, own);
      if (own.empty()) pair.folds = folds(b, pair, own);
    }
    for (const std::string& name : b.external) {
      if (find(name) != nullptr) pair.external.push_back(rows(b, auxiliary, name, false, own));
    }
    for (const std::string& line : own.lines()) problems_.add(line);
    plan_.experiment.pairs.push_back(std::move(pair));
  }

  PairCohort rows(const BiomarkerConfig& b, const AuxiliaryConfig& auxiliary, const std::string& name, bool training,
                  Problems& problems) {
    const Cohort& cohort = *find(name);
    Problems own;
    LabelledRows rows = label_rows(cohort, b.rule, auxiliary.column, training, own);
    for (const std::string& line : own.lines()) problems.add(line);
    for (const Drop& drop : rows.drops) drops_.push_back({b.name, auxiliary.name, drop});
    return {index_.at(name), std::move(rows.patient), std::move(rows.label), std::move(rows.target)};
  }

  std::vector<PairFold> folds(const BiomarkerConfig& b, const Pair& pair, Problems& problems) {
    const Config& config = plan_.config;
    const Cohort& cohort = *find(b.train);
    const std::string where = fmt::format("{}: pair {}/{}", cohort.files.clini.string(), b.name, pair.auxiliary);
    std::vector<PairFold> out;
    Problems own;
    for (const int label : {1, 0}) {
      const auto count = std::count(pair.training.label.begin(), pair.training.label.end(), label);
      if (count >= config.folds) continue;
      own.add(fmt::format("{}: {} {} patients, expected at least {} (folds)", where, count,
                          label == 1 ? "positive" : "negative", config.folds));
    }
    if (own.empty()) {
      own.collect([&] {
        const auto splits = b.splits.empty() ? cross_validation(pair.training.label, config.folds,
                                                                config.train.validation, config.split_seed)
                                             : imported_splits(b.splits, pair, cohort, config);
        for (const FoldSplit& split : splits) out.push_back({split.train, split.valid, split.test});
      });
      prefix(own, where, b.splits.empty());
    }
    for (const std::string& line : own.lines()) problems.add(line);
    return out;
  }

  // Splitters know rows, not files.
  static void prefix(Problems& problems, const std::string& where, bool wanted) {
    if (!wanted || problems.empty()) return;
    Problems named;
    for (const std::string& line : problems.lines()) named.add(where + ": " + line);
    problems = named;
  }

  // Pairs of a biomarker read the same label column: each problem is reported once.
  void throw_problems() const {
    Problems once;
    std::set<std::string> seen;
    for (const std::string& line : problems_.lines()) {
      if (seen.insert(line).second) once.add(line);
    }
    once.throw_if_any();
  }

  Plan plan_;
  FingerprintMemory& memory_;
  Problems problems_;
  std::map<std::string, int> index_;  // name of a loaded cohort -> position in plan_.cohorts
  std::set<std::pair<std::string, std::string>> compared_;
  std::vector<GridRecord::DropRow> drops_;
};

}  // namespace

Plan make_plan(const Config& config, FingerprintMemory& memory) { return PlanBuilder(config, memory).build(); }

}  // namespace mtlgrid
