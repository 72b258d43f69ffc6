#include "orchestrator/proposal/label_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "base/quoting.h"
#include "base/text.h"
#include "orchestrator/proposal/known_columns.h"
#include "orchestrator/proposal/section_name.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kFewestOfAClass = 2, kFewestNumbers = 10;

std::string plain(const std::string& name) { return unquoted(name).value_or(name); }

// Which of two values is positive: 0 or 1, and why.
std::pair<int, std::string> positive_of(const SeenValue& a, const SeenValue& b) {
  const auto says = [](const SeenValue& value, Polarity polarity) { return polarity_of(value.value) == polarity; };
  const auto negates = [](const SeenValue& one, const SeenValue& other) {  // "nonHRD" beside "HRD"
    const std::string_view text = one.value;
    return text.size() > other.value.size() && text.ends_with(other.value) && polarity_of(text) != Polarity::positive;
  };
  if (negates(b, a) || (says(a, Polarity::positive) && !says(b, Polarity::positive))) return {0, "by its name"};
  if (negates(a, b) || (says(b, Polarity::positive) && !says(a, Polarity::positive))) return {1, "by its name"};
  if (says(b, Polarity::negative) && !says(a, Polarity::negative)) return {0, "the other one is negative by its name"};
  if (says(a, Polarity::negative) && !says(b, Polarity::negative)) return {1, "the other one is negative by its name"};
  return {a.count <= b.count ? 0 : 1, "the rarer one: nothing else tells them apart, check it"};
}

std::optional<LabelGuess> label_of(const ColumnFacts& facts) {
  std::vector<SeenValue> classes;
  LabelGuess guess;
  guess.column = facts.column;
  guess.column_name = facts.name;
  for (const SeenValue& value : facts.few) {
    const bool between = facts.few.size() > 2 && is_between_classes(value.value);
    if (between) guess.ignore.push_back(value.value);
    if (!between) classes.push_back(value);
  }
  if (classes.size() != 2 || classes[1].count < kFewestOfAClass) return std::nullopt;
  const std::string name = plain(facts.name), known = biomarker_of(name);
  if (known.empty() && is_demographic(name)) return std::nullopt;
  const auto [positive, why] = positive_of(classes[0], classes[1]);
  const SeenValue &yes = classes[positive == 0 ? 0 : 1], &no = classes[positive == 0 ? 1 : 0];
  guess.known = !known.empty();
  guess.name = guess.known ? known : valid_section_name(name, "unnamed");
  guess.positive = yes.value;
  guess.negative = no.value;
  guess.smaller_class = std::min(yes.count, no.count);
  guess.evidence =
      fmt::format("'{}' {}, '{}' {}; positive {}", printable(yes.value), yes.count, printable(no.value), no.count, why);
  return guess;
}

std::optional<AuxiliaryGuess> auxiliary_of(const ColumnFacts& facts, std::size_t most_present) {
  const std::string name = plain(facts.name), signature = signature_of(name);
  if (!facts.numeric || facts.distinct < kFewestNumbers || facts.present * 2 < most_present) return std::nullopt;
  AuxiliaryGuess guess{facts.column, facts.name, signature.empty() ? valid_section_name(name, "unnamed") : signature};
  guess.present = facts.present;
  if (!signature.empty()) {
    guess.kind = AuxiliaryGuess::Kind::signature;
  } else if (is_other_score(name)) {
    guess.kind = AuxiliaryGuess::Kind::score;
  } else if (is_demographic(name) || (facts.whole && facts.distinct == facts.present)) {
    return std::nullopt;  // whole numbers that are all different number the rows
  }
  return guess;
}

}  // namespace

std::vector<LabelGuess> label_guesses(const std::vector<ColumnFacts>& columns) {
  std::vector<LabelGuess> out;
  for (const ColumnFacts& facts : columns) {
    if (auto guess = label_of(facts)) out.push_back(std::move(*guess));
  }
  std::stable_sort(out.begin(), out.end(), [](const LabelGuess& a, const LabelGuess& b) {
    return std::tuple(a.known, a.smaller_class) > std::tuple(b.known, b.smaller_class);
  });
  return out;
}

std::vector<AuxiliaryGuess> auxiliary_guesses(const std::vector<ColumnFacts>& columns) {
  std::size_t most_present = 0;
  for (const ColumnFacts& facts : columns) most_present = std::max(most_present, facts.present);
  std::vector<AuxiliaryGuess> out;
  for (const ColumnFacts& facts : columns) {
    if (auto guess = auxiliary_of(facts, most_present)) out.push_back(std::move(*guess));
  }
  std::stable_sort(out.begin(), out.end(), [](const AuxiliaryGuess& a, const AuxiliaryGuess& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    return a.kind == AuxiliaryGuess::Kind::signature && a.name < b.name;  // the paper's order is the alphabet's
  });
  std::set<std::string> names;
  for (AuxiliaryGuess& guess : out) {  // two columns of one signature
    if (!names.insert(guess.name).second) guess.name = valid_section_name(plain(guess.column_name), "unnamed");
  }
  return out;
}

}  // namespace mtlgrid
