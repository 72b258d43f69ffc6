// The folds of every pair of a plan, and what is wrong with them: one line a cause for all pairs of a biomarker.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/causes.h"
#include "datasets/cohorts/cohort.h"
#include "orchestrator/config/config.h"
#include "orchestrator/plan/pair_sites.h"
#include "orchestrator/plan/site_values.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

struct PairSplits {
  std::vector<PairFold> folds;  // empty where there is a problem
  PairSites sites;              // empty without `groups`
};

class PairFolds {
 public:
  // `config` must outlive this.
  explicit PairFolds(const Config& config) : config_(config), values_(config.groups) {}

  // The folds of a pair of biomarker `b` that trains on `cohort`: of a file, one for each site group, or `folds` of
  // them, in whole site groups where there are `groups`. Adds to `problems` what concerns this pair alone.
  PairSplits make(const BiomarkerConfig& b, const Pair& pair, const Cohort& cohort, Problems& problems);

  // To be called after the pairs of a biomarker that trains on `cohort`: adds the problems that several of them may
  // have, and returns warnings on the cohort.
  std::vector<std::string> finish_biomarker(const Cohort& cohort, Problems& problems);

  // The same after all biomarkers, on the cohort's column of site groups.
  std::vector<std::string> finish_cohort(const Cohort& cohort, Problems& problems) const {
    return values_.report(cohort, problems);
  }

  // What was read of a file of splits, for `plan`, since the last call.
  std::vector<std::string> take_inferences() { return std::exchange(inferences_, {}); }

 private:
  std::vector<FoldSplit> own(const Pair& pair, PairSites& sites, const std::string& name, Problems& problems);
  std::vector<FoldSplit> grouped(const Pair& pair, PairSites& sites, const std::string& name, Problems& problems);
  std::optional<std::vector<std::vector<int>>> test_rows(const Pair& pair, PairSites& sites, const std::string& name);
  void warn_of(const Pair& pair, const PairSites& sites, const std::vector<PairFold>& folds, const std::string& name);
  bool enough_of_each_class(const Pair& pair, const std::string& name);
  void report_small_classes(const Cohort& cohort, Problems& problems);
  std::string fold_name(const PairSites& sites, std::size_t fold, const std::string& pair) const;

  // A class of a pair's training cohort with fewer patients than folds.
  struct SmallClass {
    std::string name;  // of the pair
    std::ptrdiff_t patients;
  };

  const Config& config_;
  SiteValues values_;
  std::map<int, std::vector<SmallClass>> small_;  // of the biomarker that is read, by label
  bool splits_refused_ = false;                   // of that biomarker
  Causes wrong_, warnings_, split_warnings_;      // of that biomarker
  std::vector<std::string> inferences_;
};

}  // namespace mtlgrid
