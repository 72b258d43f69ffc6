#include "orchestrator/proposal/label_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "base/ascii.h"
#include "base/quoting.h"
#include "base/text.h"
#include "orchestrator/proposal/found_files.h"
#include "orchestrator/proposal/known_columns.h"
#include "orchestrator/proposal/section_name.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kFewestOfAClass = 2, kFewestNumbers = 10;
constexpr std::array<std::string_view, 7> kNegations = {"non", "not", "no", "un", "kein", "keine", "nicht"};

std::string plain(const std::string& name) { return unquoted(name).value_or(name); }

// "nonHRD" beside "HRD", and not "instabil" beside "stabil".
bool negates(std::string_view text, std::string_view other) {
  if (text.size() <= other.size() || !text.ends_with(other) || polarity_of(text) == Polarity::positive) return false;
  const std::string before = trimmed(lower_ascii(std::string(text.substr(0, text.size() - other.size()))));
  return std::any_of(kNegations.begin(), kNegations.end(), [&](std::string_view word) {
    return before.starts_with(word) && before.find_first_not_of(" -_", word.size()) == before.npos;
  });
}

// Which of two values is positive: 0 or 1, and why.
std::pair<int, std::string> positive_of(const SeenValue& a, const SeenValue& b) {
  const auto says = [](const SeenValue& value, Polarity polarity) { return polarity_of(value.value) == polarity; };
  if (negates(b.value, a.value) || (says(a, Polarity::positive) && !says(b, Polarity::positive)))
    return {0, "by its name"};
  if (negates(a.value, b.value) || (says(b, Polarity::positive) && !says(a, Polarity::positive)))
    return {1, "by its name"};
  if (says(b, Polarity::negative) && !says(a, Polarity::negative)) return {0, "the other one is negative by its name"};
  if (says(a, Polarity::negative) && !says(b, Polarity::negative)) return {1, "the other one is negative by its name"};
  if (a.count == b.count) return {0, "the first one: nothing tells them apart, check it"};
  return {a.count < b.count ? 0 : 1, "the rarer one: nothing else tells them apart, check it"};
}

// Values that are one class.
struct ValueClass {
  SeenValue main;  // the most frequent spelling, with the patients of all
  std::vector<std::string> also{};
  void add(const ValueClass& other) {
    main.count += other.main.count;
    also.push_back(other.main.value);
    also.insert(also.end(), other.also.begin(), other.also.end());
  }
};

// The values as classes, those with most patients first. Spellings of one value are one class, and of a gene everything
// beside one negative value: "G12D" and "G13D" beside "wt".
std::vector<ValueClass> classes_of(const std::vector<SeenValue>& values, bool gene) {
  std::vector<ValueClass> classes;
  for (const SeenValue& value : values) {
    const auto same = std::find_if(classes.begin(), classes.end(), [&](const ValueClass& one) {
      return values.size() > 2 && !spelling_difference(one.main.value, value.value).empty();
    });
    same == classes.end() ? classes.push_back({value}) : same->add({value});
  }
  const auto negative = [](const ValueClass& one) { return polarity_of(one.main.value) == Polarity::negative; };
  if (!gene || classes.size() < 3 || std::count_if(classes.begin(), classes.end(), negative) != 1) return classes;
  std::vector<ValueClass> two;
  for (const ValueClass& one : classes) {
    const auto like =
        std::find_if(two.begin(), two.end(), [&](const ValueClass& other) { return negative(one) == negative(other); });
    like == two.end() ? two.push_back(one) : like->add(one);
  }
  return two;
}

std::string said(const ValueClass& one) {
  std::string values = fmt::format("'{}'", printable(one.main.value));
  for (const std::string& other : one.also) values += fmt::format(" or '{}'", printable(other));
  return fmt::format("{} {}", values, one.main.count);
}

std::optional<LabelGuess> label_of(const ColumnFacts& facts) {
  const std::string name = plain(facts.name), known = biomarker_of(name);
  std::vector<SeenValue> values;
  LabelGuess guess;
  guess.column = facts.column;
  guess.column_name = facts.name;
  for (const SeenValue& value : facts.few) {
    if (!can_be_written(value.value)) return std::nullopt;
    const bool between = facts.few.size() > 2 && is_between_classes(value.value);
    if (between) guess.ignore.push_back(value.value);
    if (!between) values.push_back(value);
  }
  const std::vector<ValueClass> classes = classes_of(values, is_gene(name));
  if (classes.size() != 2 || std::min(classes[0].main.count, classes[1].main.count) < kFewestOfAClass) return {};
  if (known.empty() && is_demographic(name)) return std::nullopt;
  const auto [positive, why] = positive_of(classes[0].main, classes[1].main);
  const ValueClass &yes = classes[positive == 0 ? 0 : 1], &no = classes[positive == 0 ? 1 : 0];
  guess.known = !known.empty();
  guess.name = guess.known ? known : valid_section_name(name, "unnamed");
  guess.positive = yes.main.value;
  guess.negative = no.main.value;
  guess.also_positive = yes.also;
  guess.also_negative = no.also;
  guess.smaller_class = std::min(yes.main.count, no.main.count);
  guess.evidence = fmt::format("{}, {}; positive {}", said(yes), said(no), why);
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
