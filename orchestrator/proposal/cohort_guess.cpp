#include "orchestrator/proposal/cohort_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "datasets/features/features.h"
#include "datasets/tables/columns.h"
#include "datasets/tables/table_file.h"
#include "orchestrator/proposal/label_guess.h"
#include "orchestrator/proposal/section_name.h"

namespace fs = std::filesystem;

namespace mtlgrid {
namespace {

std::vector<ColumnFacts> facts_of(const Assignment& assignment) {
  std::vector<ColumnFacts> facts;
  for (std::size_t column = 0; column < assignment.clini->columns.size(); ++column) {
    const std::string& name = assignment.clini->columns[column];
    if (name.empty() || !can_be_written(name)) continue;  // nothing says what it is, or nothing can
    facts.push_back(column_facts(*assignment.clini, column, assignment.rows));
  }
  return facts;
}

// Folders that two paths have in common.
std::ptrdiff_t shared_folders(const fs::path& a, const fs::path& b) {
  return std::distance(a.begin(), std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first);
}

// How near a table is to features, for patients of two cohorts may have the same numbers.
std::ptrdiff_t nearness(const Table& table, const FeatureSet& set) {
  return shared_folders(table.path.parent_path(), set.root);
}

// Patients to their values in a column.
std::map<std::string, std::string> values_of(const Table& table, std::size_t patient_column, std::size_t column) {
  std::map<std::string, std::string> out;
  for (const Table::Row& row : table.rows) {
    if (row.cells[patient_column]) out.emplace(*row.cells[patient_column], row.cells[column].value_or(""));
  }
  return out;
}

// Labels that another table of the same patients has with other values.
void note_other_values(CohortGuess& guess, const Assignment& other) {
  const Assignment& own = guess.assignment;
  for (const LabelGuess& label : label_guesses(guess.columns)) {
    const auto column = other.clini->column(own.clini->columns[label.column]);
    if (!column) continue;
    const auto here = values_of(*own.clini, own.patient_column, label.column);
    const auto there = values_of(*other.clini, other.patient_column, *column);
    std::size_t both = 0, differ = 0;
    for (const auto& [patient, value] : here) {
      const auto found = there.find(patient);
      both += found != there.end();
      differ += found != there.end() && found->second != value;
    }
    if (differ == 0) continue;
    guess.cautions.push_back(fmt::format("{} has {} too, with other values for {} of {}: take the table that is valid",
                                         printable(other.clini->path.filename().string()),
                                         column_said(*other.clini, *column), differ,
                                         counted(static_cast<std::int64_t>(both), "patient")));
  }
}

// Of the clinical tables that assign at least half of the files that the best one does: one with labels, then the
// nearest, then the one with most to learn from.
CohortGuess best_of(const FeatureSet& set, const std::vector<Assignment>& all) {
  CohortGuess best;
  const Assignment* chosen = nullptr;
  std::tuple<bool, std::ptrdiff_t, std::size_t, std::size_t> best_rank;
  std::size_t most = 0;
  for (const Assignment& one : all) most = std::max(most, one.files.size());
  for (const Assignment& one : all) {
    if (one.files.size() * 2 < most) continue;
    CohortGuess guess{"", &set, one};
    guess.columns = facts_of(guess.assignment);
    const std::tuple rank{!label_guesses(guess.columns).empty(), nearness(*one.clini, set),
                          auxiliary_guesses(guess.columns).size(), one.files.size()};
    if (best.set != nullptr && rank <= best_rank) continue;
    best = std::move(guess);
    best_rank = rank;
    chosen = &one;
  }
  if (!best.assignment.caution.empty()) best.cautions.push_back(best.assignment.caution);
  for (const Assignment& one : all) {
    const bool as_near = nearness(*one.clini, set) == nearness(*best.assignment.clini, set);
    if (&one != chosen && as_near) note_other_values(best, one);
  }
  return best;
}

// The best guess, and one for every table with labels whose files no earlier one has.
std::vector<CohortGuess> guesses_of(const FeatureSet& set, std::vector<Assignment> all) {
  std::vector<CohortGuess> out;
  while (!all.empty()) {
    CohortGuess guess = best_of(set, all);
    if (!out.empty() && label_guesses(guess.columns).empty()) break;
    std::erase_if(all, [&](const Assignment& one) {
      std::vector<std::size_t> both;
      std::set_intersection(one.files.begin(), one.files.end(), guess.assignment.files.begin(),
                            guess.assignment.files.end(), std::back_inserter(both));
      return !both.empty() || one.clini == guess.assignment.clini;
    });
    out.push_back(std::move(guess));
  }
  return out;
}

// Whether both are of (mostly) the same patients.
bool same_patients(const CohortGuess& a, const CohortGuess& b) {
  if (a.assignment.clini != b.assignment.clini) return false;
  std::vector<std::size_t> both;
  std::set_intersection(a.assignment.rows.begin(), a.assignment.rows.end(), b.assignment.rows.begin(),
                        b.assignment.rows.end(), std::back_inserter(both));
  return both.size() * 2 > std::min(a.assignment.rows.size(), b.assignment.rows.size());
}

// Guesses of other patients with the same kind of features, which could be trained or tested with these.
std::size_t partners(const CohortGuess& guess, const std::vector<CohortGuess>& all) {
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const CohortGuess& other) {
    return !same_patients(guess, other) && feature_difference(*guess.set, *other.set).empty();
  }));
}

// Takes the guesses that are kept out of `all`.
std::vector<CohortGuess> without_alternatives(std::vector<CohortGuess>& all) {
  using Rank = std::tuple<bool, std::size_t, std::size_t, bool, std::size_t>;
  std::vector<std::pair<Rank, CohortGuess*>> ranked;
  for (CohortGuess& guess : all) {
    ranked.push_back({{guess.set->info.level == FeatureLevel::tile, guess.assignment.rows.size(), partners(guess, all),
                       extractor_of(guess.set->info) == "ctranspath", guess.assignment.files.size()},
                      &guess});
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<CohortGuess> out;
  for (auto& [rank, one] : ranked) {
    CohortGuess& guess = *one;
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

// Cohorts of one folder are told apart by their feature folders, those that share these by their tables.
void name_all(std::vector<CohortGuess>& guesses) {
  std::set<std::string> taken;
  for (CohortGuess& guess : guesses) {
    const fs::path home = home_of(guess);
    const auto sharing =
        std::count_if(guesses.begin(), guesses.end(), [&](const CohortGuess& other) { return home_of(other) == home; });
    std::string name = home.filename().string();
    const bool one_folder = std::any_of(guesses.begin(), guesses.end(), [&](const CohortGuess& other) {
      return &other != &guess && other.set == guess.set;
    });
    if (one_folder) {
      name = fs::path(table_file(guess.assignment.clini->path).file).stem().string();
    } else if (sharing > 1 && guess.set->root != home) {
      name = guess.set->root.lexically_relative(home).begin()->string();
    }
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
      auto guesses = guesses_of(set, std::move(assigned));
      std::move(guesses.begin(), guesses.end(), std::back_inserter(all));
      continue;
    }
    const std::string example = set.files.empty() ? "" : fmt::format(" (such as {})", printable(set.files.front()));
    notes.push_back(fmt::format("{}: no table names its {}{}, and none has patients whose names they begin with",
                                set.root.string(), counted(static_cast<std::int64_t>(set.files.size()), "file"),
                                example));
  }
  std::vector<CohortGuess> guesses = without_alternatives(all);
  std::sort(guesses.begin(), guesses.end(), [](const CohortGuess& a, const CohortGuess& b) {
    return std::tie(a.set->root, a.assignment.clini->path) < std::tie(b.set->root, b.assignment.clini->path);
  });
  name_all(guesses);
  return guesses;
}

}  // namespace mtlgrid
