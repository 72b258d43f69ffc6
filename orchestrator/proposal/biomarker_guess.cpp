#include "orchestrator/proposal/biomarker_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_set>

#include "base/quoting.h"
#include "base/text.h"
#include "datasets/features/features.h"
#include "datasets/tables/seen_values.h"
#include "orchestrator/proposal/found_files.h"
#include "orchestrator/proposal/known_columns.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kMostNumbers = 3;

struct Candidate {
  const CohortGuess* cohort;
  LabelGuess label;
};

std::size_t of_kind(const std::vector<AuxiliaryGuess>& auxiliaries, AuxiliaryGuess::Kind kind) {
  return static_cast<std::size_t>(std::count_if(auxiliaries.begin(), auxiliaries.end(),
                                                [&](const AuxiliaryGuess& one) { return one.kind == kind; }));
}

auto training_rank(const Candidate& one) {
  const auto auxiliaries = auxiliary_guesses(one.cohort->columns);
  return std::tuple(of_kind(auxiliaries, AuxiliaryGuess::Kind::signature),
                    of_kind(auxiliaries, AuxiliaryGuess::Kind::score), one.label.smaller_class);
}

const ColumnFacts* column_named(const CohortGuess& cohort, const std::string& name) {
  const auto found = std::find_if(cohort.columns.begin(), cohort.columns.end(),
                                  [&](const ColumnFacts& facts) { return facts.name == name; });
  return found == cohort.columns.end() ? nullptr : &*found;
}

std::unordered_set<std::string> patients_of(const CohortGuess& cohort) {
  std::unordered_set<std::string> out;
  const Assignment& assignment = cohort.assignment;
  for (const std::size_t row : assignment.rows) {
    out.insert(assignment.clini->rows[row].cells[assignment.patient_column].value_or(""));
  }
  return out;
}

std::size_t shared_patients(const CohortGuess& a, const CohortGuess& b) {
  const auto of_a = patients_of(a), of_b = patients_of(b);
  return static_cast<std::size_t>(
      std::count_if(of_a.begin(), of_a.end(), [&](const std::string& name) { return of_b.contains(name); }));
}

bool has(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// Adds an external cohort's values to the classes. Returns one that is of neither.
std::optional<std::string> unknown_value(BiomarkerGuess& guess, const ColumnFacts& facts) {
  BiomarkerGuess with = guess;
  if (facts.few.empty()) return facts.present > 0 ? std::optional("(more than 12 values)") : std::nullopt;
  for (const SeenValue& seen : facts.few) {
    const std::string& value = seen.value;
    if (has(with.positive, value) || has(with.negative, value) || has(with.ignore, value)) continue;
    const auto respells = [&](const std::vector<std::string>& values) {
      return std::any_of(values.begin(), values.end(),
                         [&](const std::string& other) { return !spelling_difference(value, other).empty(); });
    };
    const Polarity polarity = polarity_of(value), of_positive = polarity_of(with.label.positive);
    if (is_between_classes(value) && !has(with.negative, value)) {
      with.ignore.push_back(value);
    } else if (respells(with.positive) || (polarity == Polarity::positive && of_positive == Polarity::positive)) {
      with.positive.push_back(value);
    } else if (respells(with.negative) ||
               (polarity == Polarity::negative && polarity_of(with.label.negative) == Polarity::negative)) {
      with.negative.push_back(value);
    } else {
      return value;
    }
  }
  guess = std::move(with);
  return std::nullopt;
}

void add_external(BiomarkerGuess& guess, const CohortGuess& cohort) {
  const std::string refused =
      fmt::format("cohort {} has the column too and is not proposed as external: ", cohort.name);
  if (const std::string kind = feature_difference(*cohort.set, *guess.train->set); !kind.empty()) {
    guess.comments.push_back(refused + "it has other features: " + kind);
  } else if (const std::size_t shared = shared_patients(*guess.train, cohort); shared > 0) {
    guess.comments.push_back(fmt::format("{}{} of the training cohort are in it", refused,
                                         counted(static_cast<std::int64_t>(shared), "patient")));
  } else if (const auto value = unknown_value(guess, *column_named(cohort, guess.label.column_name))) {
    guess.comments.push_back(fmt::format("{}its value '{}' is of neither class", refused, printable(*value)));
  } else {
    guess.external.push_back(&cohort);
  }
}

void choose_auxiliaries(BiomarkerGuess& guess) {
  std::vector<AuxiliaryGuess> all = auxiliary_guesses(guess.train->columns);
  std::erase_if(all, [&](const AuxiliaryGuess& one) { return one.column == guess.label.column; });
  const auto best = all.empty() ? AuxiliaryGuess::Kind::number : all.front().kind;
  for (AuxiliaryGuess& one : all) {
    const bool wanted =
        one.kind == best && (best != AuxiliaryGuess::Kind::number || guess.auxiliaries.size() < kMostNumbers);
    (wanted ? guess.auxiliaries : guess.others).push_back(std::move(one));
  }
}

BiomarkerGuess made_of(std::vector<Candidate> candidates, const std::vector<CohortGuess>& cohorts) {
  const auto train = std::max_element(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return training_rank(a) < training_rank(b);
  });
  BiomarkerGuess guess{train->label.name, train->cohort, {}, train->label};
  guess.positive = {guess.label.positive};
  guess.negative = {guess.label.negative};
  guess.positive.insert(guess.positive.end(), guess.label.also_positive.begin(), guess.label.also_positive.end());
  guess.negative.insert(guess.negative.end(), guess.label.also_negative.begin(), guess.label.also_negative.end());
  guess.ignore = guess.label.ignore;
  for (const CohortGuess& cohort : cohorts) {
    const ColumnFacts* facts = column_named(cohort, guess.label.column_name);
    if (&cohort != guess.train && facts != nullptr && facts->present > 0) add_external(guess, cohort);
  }
  choose_auxiliaries(guess);
  return guess;
}

void name_apart(std::vector<BiomarkerGuess>& guesses) {
  std::set<std::string> taken;
  for (BiomarkerGuess& guess : guesses) {
    const std::string name = guess.name;
    for (int number = 2; !taken.insert(guess.name).second; ++number) guess.name = fmt::format("{}-{}", name, number);
  }
}

}  // namespace

std::vector<BiomarkerGuess> biomarker_guesses(const std::vector<CohortGuess>& cohorts) {
  std::vector<std::pair<std::string, std::vector<Candidate>>> by_column;  // in the order of their first cohort
  for (const CohortGuess& cohort : cohorts) {
    for (LabelGuess& label : label_guesses(cohort.columns)) {
      auto found = std::find_if(by_column.begin(), by_column.end(),
                                [&](const auto& one) { return one.first == label.column_name; });
      if (found == by_column.end()) found = by_column.insert(by_column.end(), {label.column_name, {}});
      found->second.push_back({&cohort, std::move(label)});
    }
  }
  std::vector<BiomarkerGuess> guesses;
  for (auto& [column, candidates] : by_column) guesses.push_back(made_of(std::move(candidates), cohorts));
  std::stable_sort(guesses.begin(), guesses.end(),
                   [](const BiomarkerGuess& a, const BiomarkerGuess& b) { return a.label.known > b.label.known; });
  const bool any_known = !guesses.empty() && guesses.front().label.known;
  for (BiomarkerGuess& guess : guesses) guess.proposed = any_known ? guess.label.known : &guess == &guesses.front();
  name_apart(guesses);
  return guesses;
}

std::vector<std::string> biomarkers_left_out(const std::vector<CohortGuess>& cohorts,
                                             const std::vector<BiomarkerGuess>& guesses) {
  std::vector<std::string> out;
  for (const CohortGuess& cohort : cohorts) {
    const auto used = [&](const ColumnFacts& facts) {
      return std::any_of(guesses.begin(), guesses.end(),
                         [&](const BiomarkerGuess& guess) { return guess.label.column_name == facts.name; });
    };
    for (const ColumnFacts& facts : cohort.columns) {
      if (biomarker_of(unquoted(facts.name).value_or(facts.name)).empty() || facts.numeric || used(facts)) continue;
      std::string values;
      for (const SeenValue& seen : facts.few) {
        values += fmt::format("{}'{}' {}", values.empty() ? "" : ", ", printable(seen.value), seen.count);
      }
      if (facts.few.empty()) values = facts.present == 0 ? "no values" : "more than 12 values";
      for (const std::string& missing : facts.missing)
        values += fmt::format(", '{}' looks missing", printable(missing));
      out.push_back(fmt::format("not proposed, since its values are not two classes: column {} of cohort {}: {}",
                                facts.name, cohort.name, values));
    }
  }
  return out;
}

std::size_t smallest_class(const std::vector<BiomarkerGuess>& guesses) {
  std::optional<std::size_t> smallest;
  for (const BiomarkerGuess& guess : guesses) {
    if (guess.proposed) smallest = std::min(smallest.value_or(guess.label.smaller_class), guess.label.smaller_class);
  }
  return smallest.value_or(0);
}

std::vector<std::string> missing_spellings(const CohortGuess& cohort, const std::vector<BiomarkerGuess>& guesses) {
  std::set<std::string> names;
  for (const BiomarkerGuess& guess : guesses) {
    const bool external = std::find(guess.external.begin(), guess.external.end(), &cohort) != guess.external.end();
    if (!guess.proposed || (guess.train != &cohort && !external)) continue;
    names.insert(guess.label.column_name);
    for (const AuxiliaryGuess& auxiliary : guess.auxiliaries) names.insert(auxiliary.column_name);
  }
  std::set<std::string> out;
  for (const ColumnFacts& facts : cohort.columns) {
    if (!names.contains(facts.name)) continue;
    std::copy_if(facts.missing.begin(), facts.missing.end(), std::inserter(out, out.end()), can_be_written);
  }
  return {out.begin(), out.end()};
}

}  // namespace mtlgrid
