#include "datasets/cohorts/classes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>

#include "base/text.h"
#include "datasets/tables/looks_missing.h"

namespace mtlgrid {
namespace {

using Values = std::vector<SeenValue>;

constexpr std::size_t kValuesShown = 6;  // values of a class column that a line shows
constexpr std::size_t kClasses = 12;     // a column of more values holds something else

bool among(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

LabelMeaning meaning_of(const std::string& value, const LabelRule& rule) {
  if (among(rule.positive, value)) return LabelMeaning::positive;
  if (among(rule.ignore, value)) return LabelMeaning::ignored;
  return among(rule.negative, value) ? LabelMeaning::negative : LabelMeaning::neither;
}

std::vector<std::string> names(const Values& values) {
  std::vector<std::string> out;
  for (const SeenValue& v : values) out.push_back(v.value);
  return out;
}

// What stands in the configuration already, and `more`.
std::string extended(std::vector<std::string> there, const std::vector<std::string>& more) {
  there.insert(there.end(), more.begin(), more.end());
  return config_list(there);
}

std::string patients(const Values& values) { return listed(values, "patient", kValuesShown); }

std::string place(const Cohort& cohort, const LabelRule& rule) {
  return fmt::format("{}, column '{}'", cohort.clini.path.string(), rule.column);
}

// "12 cells 'None' and 1 cell 'NA' are read as missing values": those of the table's label column; "" if there are
// none.
std::string read_as_missing(const Cohort& cohort, const std::string& column) {
  const auto position = cohort.clini.column(column);
  const auto found = position ? cohort.clini.read_as_missing.find(*position) : cohort.clini.read_as_missing.end();
  if (found == cohort.clini.read_as_missing.end()) return "";
  std::vector<std::string> parts;
  std::size_t total = 0;
  for (const auto& [spelling, count] : found->second) {
    total += count;
    if (parts.size() < 4) {
      parts.push_back(fmt::format("{} '{}'", counted(static_cast<std::int64_t>(count), "cell"), printable(spelling)));
    }
  }
  return fmt::format("; {} {} read as missing: if that is a class, write another word for it in the table",
                     fmt::join(parts, " and "), total == 1 ? "is" : "are");
}

// The class value that `value` is another spelling of; nullptr if there is none.
const std::string* nearest_spelling(const std::string& value, const std::vector<std::string>& classes) {
  const auto near = std::find_if(classes.begin(), classes.end(),
                                 [&](const std::string& c) { return !spelling_difference(value, c).empty(); });
  return near == classes.end() ? nullptr : &*near;
}

// Values of no class by what they probably are.
struct Sorted {
  Values missing, positive, negative, other;  // positive, negative: other spellings of a class
};

bool no_class(const std::string& value, const LabelRule& rule) {
  return looks_like_no_class(value, rule.column, rule.positive);
}

Sorted sort_out(const Values& values, const LabelRule& rule) {
  Sorted out;
  for (const SeenValue& v : values) {
    Values& kind = nearest_spelling(v.value, rule.positive)   ? out.positive
                   : nearest_spelling(v.value, rule.negative) ? out.negative
                   : no_class(v.value, rule)                  ? out.missing
                                                              : out.other;
    kind.push_back(v);
  }
  return out;
}

// "differs from 'MSIH' only in punctuation", of all values.
std::string difference(const Values& values, const std::vector<std::string>& classes) {
  const std::string* first = nearest_spelling(values.front().value, classes);
  std::string what = spelling_difference(values.front().value, *first);
  for (const SeenValue& v : values) {
    if (nearest_spelling(v.value, classes) != first || spelling_difference(v.value, *first) != what) {
      return "differ from known ones only in letter case, blanks or punctuation";
    }
  }
  return fmt::format("{} from '{}' only {}", values.size() == 1 ? "differs" : "differ", *first, what);
}

// The lines of check_classes() about one cohort.
class ClassCheck {
 public:
  ClassCheck(const Cohort& cohort, const LabelRule& rule, Problems& problems)
      : cohort_(cohort), rule_(rule), problems_(problems) {}

  void run(Values values) {
    const auto rest = std::stable_partition(values.begin(), values.end(),
                                            [](const SeenValue& v) { return printable(v.value) != v.value; });
    if (rest != values.begin()) {
      add({values.begin(), rest},
          "no configuration can have line breaks or control characters: write another text "
          "in the table");
      values.erase(values.begin(), rest);
    }
    const Sorted sorted = sort_out(values, rule_);
    if (!sorted.positive.empty()) spelling(sorted.positive, "positive", rule_.positive);
    if (!sorted.negative.empty()) spelling(sorted.negative, "negative", rule_.negative);
    if (!sorted.missing.empty()) missing(sorted.missing);
    if (!sorted.other.empty()) other(sorted.other);
  }

 private:
  void add(const Values& values, const std::string& advice) {
    const std::string from = rule_.negative_from.empty() ? "" : ", from " + rule_.negative_from;
    problems_.add(fmt::format("{}: {} {} neither {} (positive) nor {} (negative{}); {}", place(cohort_, rule_),
                              patients(values), values.size() == 1 ? "is" : "are", config_list(rule_.positive),
                              config_list(rule_.negative), from, advice));
  }

  void spelling(const Values& values, const char* key, const std::vector<std::string>& classes) {
    const std::string todo = rule_.section.empty() ? "write the same in the table"
                                                   : fmt::format("write {} = {} in {}", key,
                                                                 extended(classes, names(values)), rule_.section);
    add(values, fmt::format("{}: {}", difference(values, classes), todo));
  }

  void missing(const Values& values) {
    const char* mean = values.size() == 1 ? "it means" : "they mean";
    const std::string read = how_to_read_as_missing(cohort_, names(values));
    if (rule_.section.empty()) {
      return add(values, fmt::format("if {} a missing value, {}, or leave these cells empty", mean, read));
    }
    add(values, fmt::format("if {} a missing value, {}, or ignore = {} in {}", mean, read,
                            extended(rule_.ignore, names(values)), rule_.section));
  }

  void other(const Values& values) {
    if (rule_.section.empty()) {
      return add(values, "write the trained classes in the table, or leave these cells empty");
    }
    if (values.size() > kClasses) {
      return add(values, fmt::format("is this the column of the classes? If not, correct label in {}", rule_.section));
    }
    add(values,
        fmt::format("write in {} what {}: positive = {}, negative = {}, or ignore = {} to leave {} out", rule_.section,
                    values.size() == 1 ? "it is" : "they are", extended(rule_.positive, names(values)),
                    extended(rule_.negative, names(values)), extended(rule_.ignore, names(values)), "these patients"));
  }

  const Cohort& cohort_;
  const LabelRule& rule_;
  Problems& problems_;
};

// The single other value of a cohort, and what find_classes() says where there is not exactly one class.
class ClassSearch {
 public:
  ClassSearch(const LabelRule& rule, const Cohort& cohort, const std::string& from, Problems& problems)
      : rule_(rule), cohort_(cohort), from_(from), problems_(problems) {}

  std::optional<std::string> negative(const Values& positive, const Values& others) {
    const bool trained = rule_.section.empty();  // a cohort of a trained cell may lack one class
    if (others.empty() && (positive.empty() || trained)) return std::nullopt;  // label_rows() speaks of the first
    if (positive.empty() && !trained) return none_positive(others);
    if (others.empty()) {
      return add(fmt::format("all patients with a value are {}, expected two classes{}", counted_positive(positive),
                             read_as_missing(cohort_, rule_.column)));
    }
    if (others.size() > 1) return several(positive, others);
    const SeenValue& only = others.front();
    const std::string beside =
        fmt::format("the only value beside {} is {}", counted_positive(positive), patients(others));
    if (nearest_spelling(only.value, rule_.positive)) {
      return add(fmt::format("{}, which {}; {}", beside, difference(others, rule_.positive),
                             advice("positive = {} if that is the same class, negative = {} if it is the other one",
                                    extended(rule_.positive, {only.value}), config_list({only.value}))));
    }
    if (no_class(only.value, rule_)) {
      return add(fmt::format("{}, which looks like no class; {}", beside,
                             advice("negative = {} if it is one; if not, ignore = {} (or {}), and the table needs "
                                    "patients of the other class",
                                    config_list({only.value}), extended(rule_.ignore, {only.value}),
                                    how_to_read_as_missing(cohort_, {only.value}))));
    }
    return only.value;
  }

 private:
  std::string counted_positive(const Values& positive) const {
    std::size_t count = 0;
    for (const SeenValue& v : positive) count += v.count;
    return fmt::format("{} (positive, {})", config_list(rule_.positive),
                       counted(static_cast<std::int64_t>(count), "patient"));
  }

  template <typename... Parts>
  std::string advice(fmt::format_string<const Parts&...> what, const Parts&... parts) const {
    if (rule_.section.empty()) {
      return "the store, of an earlier version, does not say which values the cell was trained on: write these alone";
    }
    return fmt::format("write in {}: {}", rule_.section, fmt::format(what, parts...));
  }

  std::nullopt_t add(const std::string& what) {
    problems_.add(fmt::format("{}: {}", place(cohort_, rule_), what));
    return std::nullopt;
  }

  std::nullopt_t none_positive(const Values& others) {
    const std::string none = fmt::format("no patient of {} is {} (positive); the values are {}", from_,
                                         config_list(rule_.positive), patients(others));
    if (others.size() > kClasses) return another_column(none);
    Values near;
    std::copy_if(others.begin(), others.end(), std::back_inserter(near),
                 [&](const SeenValue& v) { return nearest_spelling(v.value, rule_.positive) != nullptr; });
    const std::string todo =
        near.empty() ? advice("positive = one of them")
                     : fmt::format("'{}' {}; {}", near.front().value, difference({near.front()}, rule_.positive),
                                   advice("positive = {}", config_list(names(near))));
    return add(fmt::format("{}; {}{}", none, todo, read_as_missing(cohort_, rule_.column)));
  }

  std::nullopt_t another_column(const std::string& values) {
    return add(
        fmt::format("{}; is this the column of the classes? If not, correct label in {}", values, rule_.section));
  }

  std::nullopt_t several(const Values& positive, const Values& others) {
    const std::string there = fmt::format("beside {} there are {}", counted_positive(positive), patients(others));
    if (others.size() > kClasses && !rule_.section.empty()) return another_column(there);
    const Sorted sorted = sort_out(others, rule_);
    std::vector<std::string> keys;
    if (!sorted.positive.empty()) keys.push_back("positive = " + extended(rule_.positive, names(sorted.positive)));
    if (!sorted.other.empty()) keys.push_back("negative = " + config_list(names(sorted.other)));
    if (!sorted.missing.empty()) {
      keys.push_back(fmt::format("ignore = {} (or {})", extended(rule_.ignore, names(sorted.missing)),
                                 how_to_read_as_missing(cohort_, names(sorted.missing))));
    }
    return add(fmt::format("{}; {}", there,
                           advice("which are the negative class, and which to ignore, for example {}",
                                  fmt::format("{}", fmt::join(keys, " and ")))));
  }

  const LabelRule& rule_;
  const Cohort& cohort_;
  const std::string& from_;
  Problems& problems_;
};

Values with_meaning(const std::vector<LabelValue>& values, LabelMeaning meaning) {
  Values out;
  for (const LabelValue& v : values) {
    if (v.meaning == meaning) out.push_back(v.seen);
  }
  return out;
}

}  // namespace

std::vector<LabelValue> label_values(const Cohort& cohort, const LabelRule& rule) {
  const auto column = cohort.clini.column(rule.column);
  if (!column) return {};
  std::map<LabelMeaning, SeenValues> seen;  // in the order of the result
  for (const Patient& patient : cohort.patients) {
    const Table::Row& row = cohort.clini.rows[patient.clini_row];
    if (const auto& value = row.cells[*column]) seen[meaning_of(*value, rule)].add(*value, row.line);
  }
  std::vector<LabelValue> out;
  for (const auto& [meaning, values] : seen) {
    for (SeenValue& value : values.sorted()) out.push_back({meaning, std::move(value)});
  }
  return out;
}

std::vector<SeenValue> values_of_no_class(const Cohort& cohort, const LabelRule& rule) {
  return sort_out(with_meaning(label_values(cohort, rule), LabelMeaning::neither), rule).missing;
}

LabelRule find_classes(const LabelRule& rule, const Cohort& cohort, const std::string& from, Problems& problems) {
  if (!rule.negative.empty()) return rule;
  const auto values = label_values(cohort, rule);
  LabelRule found = rule;
  const auto negative =
      ClassSearch(rule, cohort, from, problems)
          .negative(with_meaning(values, LabelMeaning::positive), with_meaning(values, LabelMeaning::neither));
  if (negative) {
    found.negative = {*negative};
    found.negative_from = from;
  }
  return found;
}

void check_classes(const Cohort& cohort, const LabelRule& rule, Problems& problems) {
  ClassCheck(cohort, rule, problems).run(with_meaning(label_values(cohort, rule), LabelMeaning::neither));
}

}  // namespace mtlgrid
