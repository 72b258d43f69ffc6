#include "datasets/cohorts/used_patients.h"

#include <algorithm>
#include <optional>

namespace mtlgrid {

bool may_be_used(const Table& clini, std::size_t row, const std::vector<CohortUse>& uses) {
  const auto& cells = clini.rows.at(row).cells;
  return uses.empty() || std::any_of(uses.begin(), uses.end(), [&](const CohortUse& use) {
           const auto label = clini.column(use.label_column), auxiliary = clini.column(use.auxiliary_column);
           if (use.auxiliary_required && auxiliary && !cells[*auxiliary]) return false;
           if (!label) return true;
           const std::optional<std::string>& value = cells[*label];
           return value && std::find(use.ignore.begin(), use.ignore.end(), *value) == use.ignore.end();
         });
}

}  // namespace mtlgrid
