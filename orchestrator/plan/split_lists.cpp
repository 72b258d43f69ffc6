#include "orchestrator/plan/split_lists.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/ascii.h"
#include "datasets/cohorts/name_forms.h"
#include "datasets/tables/table.h"

namespace mtlgrid {
namespace {

// The number at the end of a name, and the text before it; nullopt if there is none.
std::optional<std::pair<std::string, double>> with_number(const std::string& name) {
  if (const auto whole = parse_number(name)) return std::pair(std::string(), *whole);
  const std::size_t end = name.find_last_not_of("0123456789");
  if (end == std::string::npos || end + 1 == name.size()) return std::nullopt;
  const auto number = parse_number(name.substr(end + 1));
  if (!number) return std::nullopt;
  return std::pair(name.substr(0, end + 1), *number);
}

}  // namespace

std::optional<SplitPart> part_of(std::string_view word) {
  const std::string lower = lower_ascii(trimmed(word));
  for (const char* name : {"train", "training"}) {
    if (lower == name) return SplitPart::train;
  }
  for (const char* name : {"val", "valid", "validation", "dev", "tune"}) {
    if (lower == name) return SplitPart::valid;
  }
  for (const char* name : {"test", "testing", "held-out", "held_out", "heldout"}) {
    if (lower == name) return SplitPart::test;
  }
  return std::nullopt;
}

void sort_fold_names(std::vector<std::string>& names) {
  std::set<std::string> beginnings;
  const bool numbered = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    const auto parts = with_number(name);
    if (parts) beginnings.insert(parts->first);
    return parts.has_value();
  });
  std::sort(names.begin(), names.end());
  if (!numbered || beginnings.size() > 1) return;
  std::stable_sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return with_number(a)->second < with_number(b)->second;
  });
}

std::vector<SplitLists> lists_of_folds(const std::vector<std::pair<std::string, std::string>>& name_and_fold) {
  std::set<std::string> different;
  for (const auto& [name, fold] : name_and_fold) different.insert(fold);
  constexpr std::size_t kMostNames = 20'000'000;
  if (different.size() > 1000 || different.size() * name_and_fold.size() > kMostNames) {
    throw InputError(
        fmt::format("{} different folds of {} patients; expected a few folds", different.size(), name_and_fold.size()));
  }
  std::vector<std::string> folds(different.begin(), different.end());
  sort_fold_names(folds);
  std::vector<SplitLists> splits;
  for (const std::string& fold : folds) {
    SplitLists& lists = splits.emplace_back();
    lists.where = fmt::format("fold '{}'", fold);
    for (const auto& [name, of] : name_and_fold) (of == fold ? lists.test : lists.train).insert(name);
  }
  return splits;
}

CohortNames::CohortNames(const Cohort& cohort) : cohort_(cohort) {
  for (const Patient& patient : cohort.patients) patients_.insert(patient.name);
  for (const Patient& patient : cohort.patients) {
    for (const FeatureFile& slide : patient.slides) {
      const auto [known, first] = patient_of_slide_.emplace(slide.path.stem().string(), &patient.name);
      if (!first && *known->second != patient.name) known->second = nullptr;  // in two folders: not clear whose
    }
  }
}

const std::string* CohortNames::find(const std::string& name) const {
  if (const auto patient = patients_.find(name); patient != patients_.end()) return &*patient;
  for (const std::string& slide : {name, without_file_suffix(name)}) {
    if (const auto found = patient_of_slide_.find(slide); found != patient_of_slide_.end()) return found->second;
  }
  return nullptr;
}

const std::string& CohortNames::patient_of(const std::string& name) const {
  const std::string* patient = find(name);
  return patient == nullptr ? name : *patient;
}

}  // namespace mtlgrid
