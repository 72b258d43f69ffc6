#include "results/records/split_rows.h"

namespace mtlgrid {

std::uint32_t SplitRows::number_of(const std::string& name) {
  const auto [found, added] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (added) names_.push_back(name);
  return found->second;
}

void SplitRows::add(const std::string& biomarker, const std::string& auxiliary, int fold, const std::string& patient,
                    const std::string& role) {
  rows_.push_back({number_of(biomarker), number_of(auxiliary), number_of(patient), number_of(role), fold});
}

SplitRow SplitRows::operator[](std::size_t i) const {
  const Row& row = rows_[i];
  return {names_[row.biomarker], names_[row.auxiliary], row.fold, names_[row.patient], names_[row.role]};
}

}  // namespace mtlgrid
