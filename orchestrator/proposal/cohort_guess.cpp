#include "orchestrator/proposal/cohort_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/text.h"
#include "datasets/features/features.h"
#include "orchestrator/proposal/label_guess.h"
#include "orchestrator/proposal/section_name.h"

namespace fs = std::filesystem;

namespace mtlgrid {
namespace {

std::vector<ColumnFacts> facts_of(const Assignment& assignment) {
  std::vector<ColumnFacts> facts;
  for (std::size_t column = 0; column < assignment.clini->columns.size(); ++column) {
    facts.push_back(column_facts(*assignment.clini, column, assignment.rows));
  }
  return facts;
}

// Folders that two paths have in common.
std::ptrdiff_t shared_folders(const fs::path& a, const fs::path& b) {
  return std::distance(a.begin(), std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first);
}

// Of the clinical tables that assign at least half of the files that the best one does: one with labels, then the one
// nearest to the features, for patients of two cohorts may have the same numbers, then the one with most to learn from.
CohortGuess best_of(const FeatureSet& set, std::vector<Assignment> all) {
  CohortGuess best;
  std::tuple<bool, std::ptrdiff_t, std::size_t, std::size_t> best_rank;
  const std::size_t most = all.front().files;
  for (Assignment& one : all) {
    if (one.files * 2 < most) continue;
    CohortGuess guess{"", &set, std::move(one)};
    guess.columns = facts_of(guess.assignment);
    const std::tuple rank{!label_guesses(guess.columns).empty(),
                          shared_folders(guess.assignment.clini->path.parent_path(), set.root),
                          auxiliary_guesses(guess.columns).size(), guess.assignment.files};
    if (best.set != nullptr && rank <= best_rank) continue;
    best = std::move(guess);
    best_rank = rank;
  }
  return best;
}

// Whether both are of (mostly) the same patients.
bool same_patients(const CohortGuess& a, const CohortGuess& b) {
  if (a.assignment.clini != b.assignment.clini) return false;
  std::vector<std::size_t> both;
  std::set_intersection(a.assignment.rows.begin(), a.assignment.rows.end(), b.assignment.rows.begin(),
                        b.assignment.rows.end(), std::back_inserter(both));
  return both.size() * 2 > std::min(a.assignment.rows.size(), b.assignment.rows.size());
}

bool preferred(const CohortGuess& a, const CohortGuess& b) {
  const auto rank = [](const CohortGuess& guess) {
    return std::tuple(guess.set->info.level == FeatureLevel::tile, guess.assignment.rows.size(),
                      extractor_of(guess.set->info) == "ctranspath", guess.assignment.files);
  };
  return rank(a) > rank(b);
}

std::vector<CohortGuess> without_alternatives(std::vector<CohortGuess> all) {
  std::stable_sort(all.begin(), all.end(), preferred);
  std::vector<CohortGuess> out;
  for (CohortGuess& guess : all) {
    const auto same =
        std::find_if(out.begin(), out.end(), [&](const CohortGuess& other) { return same_patients(guess, other); });
    if (same == out.end()) {
      out.push_back(std::move(guess));
    } else {
      same->alternatives.push_back(guess.set);
    }
  }
  return out;
}

// The folders on the way to the cohort's features, from the outermost below the common one.
fs::path home_of(const CohortGuess& guess) {
  fs::path common = guess.set->root;
  const fs::path table = guess.assignment.clini->path.parent_path();
  while (*table.lexically_relative(common).begin() == ".." && common.has_relative_path()) common = common.parent_path();
  return common;
}

// Cohorts of one folder are told apart by their feature folders.
void name_all(std::vector<CohortGuess>& guesses) {
  std::set<std::string> taken;
  for (CohortGuess& guess : guesses) {
    const fs::path home = home_of(guess);
    const auto sharing =
        std::count_if(guesses.begin(), guesses.end(), [&](const CohortGuess& other) { return home_of(other) == home; });
    std::string name = home.filename().string();
    if (sharing > 1 && guess.set->root != home) name = guess.set->root.lexically_relative(home).begin()->string();
    name = valid_section_name(name, "cohort");
    std::string one = name;
    for (int number = 2; !taken.insert(one).second; ++number) one = fmt::format("{}-{}", name, number);
    guess.name = one;
  }
}

}  // namespace

std::vector<CohortGuess> cohort_guesses(const std::vector<FeatureSet>& sets, const std::vector<Table>& tables,
                                        std::vector<std::string>& notes) {
  std::vector<CohortGuess> all;
  for (const FeatureSet& set : sets) {
    auto assigned = assignments(set, tables);
    if (!assigned.empty()) {
      all.push_back(best_of(set, std::move(assigned)));
      continue;
    }
    const std::string example = set.files.empty() ? "" : fmt::format(" (such as {})", printable(set.files.front()));
    notes.push_back(fmt::format("{}: no table names its {}{}, and none has patients whose names they begin with",
                                set.root.string(), counted(static_cast<std::int64_t>(set.files.size()), "file"),
                                example));
  }
  std::vector<CohortGuess> guesses = without_alternatives(std::move(all));
  std::sort(guesses.begin(), guesses.end(),
            [](const CohortGuess& a, const CohortGuess& b) { return a.set->root < b.set->root; });
  name_all(guesses);
  return guesses;
}

}  // namespace mtlgrid
