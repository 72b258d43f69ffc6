// The column of site groups (`groups` in [grid]) in the clinical tables of training cohorts.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"
#include "orchestrator/plan/pair_sites.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

class SiteValues {
 public:
  explicit SiteValues(std::string column) : column_(std::move(column)) {}

  // The site groups of a pair's training rows. nullopt if the table has no such column, which is a problem, or if
  // patients of the pair have no value there, of which report() speaks once for all pairs.
  std::optional<PairSites> read(const Cohort& cohort, const PairCohort& rows, Problems& problems);

  // To be called after the pairs that train on this cohort: adds a problem for patients without a value, and returns
  // warnings: values that differ only in spelling or look like missing ones, values of one patient each.
  std::vector<std::string> report(const Cohort& cohort, Problems& problems) const;

 private:
  // Rows of the clinical table, of patients of some pair.
  struct Seen {
    std::set<std::size_t> with, without;
  };
  std::string column_;
  std::map<std::string, Seen> cohorts_;
};

}  // namespace mtlgrid
