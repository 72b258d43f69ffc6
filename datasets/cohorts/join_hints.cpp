#include "datasets/cohorts/join_hints.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace mtlgrid {
namespace {

constexpr std::size_t kNameExamples = 3;

using NamePairs = std::vector<std::pair<std::string, std::string>>;  // (lost, other)

// The best explanation so far. One that is tried later, and so is further away, must explain more.
class Best {
 public:
  void offer(const NameExplanation& e) {
    if (e.count > (best_ ? best_->count : 0)) best_ = e;
  }
  // `difference` is followed by the first pair.
  void offer_pairs(const std::string& difference, const std::string& advice, NamePairs pairs) {
    if (pairs.empty()) return;
    const std::string example = fmt::format("{} ('{}' and '{}')", difference, pairs[0].first, pairs[0].second);
    offer({pairs.size(), example, advice, std::move(pairs)});
  }
  std::optional<NameExplanation> best() const { return best_; }

 private:
  std::optional<NameExplanation> best_;
};

// Files are joined with or without '.h5' or '.pt'.
std::string without_suffix(NameKind kind, const std::string& name) {
  const bool suffix = kind == NameKind::files && (name.ends_with(".h5") || name.ends_with(".pt"));
  return suffix ? name.substr(0, name.size() - 3) : name;
}

// What the name is by a form: the suffix may stand before what the form takes away ('a.h5 ').
std::string key_of(const NameSearch& search, const NameForm& form, const std::string& name) {
  return without_suffix(search.kind, form.key(without_suffix(search.kind, name)));
}

void offer_form(const NameSearch& search, const NameForm& form, Best& best) {
  std::unordered_map<std::string, const std::string*> keys;
  for (const std::string& other : search.others) {
    keys.emplace(key_of(search, form, other), &other);
    // A bare FILENAME is found in sub-folders.
    if (search.kind == NameKind::files) keys.emplace(key_of(search, form, other.substr(other.rfind('/') + 1)), &other);
  }
  keys.erase("");
  NamePairs pairs;
  for (const std::string& name : search.lost) {
    const auto found = keys.find(key_of(search, form, name));
    if (found != keys.end()) pairs.emplace_back(name, *found->second);
  }
  best.offer_pairs("agree but for " + form.difference, form.advice, std::move(pairs));
}

std::string reversed(const std::string& text) { return {text.rbegin(), text.rend()}; }

// Names of which one is the beginning of the other (or the end: then `backwards`).
class Beginnings {
 public:
  Beginnings(const std::vector<std::string>& others, bool backwards) : backwards_(backwards) {
    for (const std::string& other : others) others_.emplace(turned(other), &other);
  }
  // An other name that `name` begins with or that begins with it, or nullptr.
  const std::string* find(const std::string& name) const {
    const std::string text = turned(name);
    for (std::size_t i = text.size(); i-- > 1;) {
      if (!separates(text[i])) continue;
      if (const auto shorter = others_.find(text.substr(0, i)); shorter != others_.end()) return shorter->second;
    }
    for (auto longer = others_.upper_bound(text); longer != others_.end() && longer->first.starts_with(text);
         ++longer) {
      if (!text.empty() && separates(longer->first[text.size()])) return longer->second;
      if (longer->first[text.size()] > '_') break;  // the last of the separators
    }
    return nullptr;
  }

 private:
  std::string turned(const std::string& text) const { return backwards_ ? reversed(text) : text; }
  bool backwards_;
  std::map<std::string, const std::string*> others_;
};

void offer_beginnings(const NameSearch& search, bool backwards, Best& best) {
  std::vector<std::string> others = search.others;
  if (search.kind == NameKind::files) {
    for (std::string& other : others) other = without_file_suffix(other);
  }
  const Beginnings beginnings(others, backwards);
  NamePairs pairs;
  for (const std::string& name : search.lost) {
    const auto* const found = beginnings.find(search.kind == NameKind::files ? without_file_suffix(name) : name);
    if (found != nullptr) pairs.emplace_back(name, search.others[static_cast<std::size_t>(found - others.data())]);
  }
  best.offer_pairs(
      backwards ? "end alike" : "begin alike",
      search.kind == NameKind::files ? "write the names as the files have them" : "write the same names in both",
      std::move(pairs));
}

void offer_columns(const NameSearch& search, Best& best) {
  if (search.table == nullptr) return;
  const Table& table = *search.table;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::unordered_set<std::string> values;
    for (const auto& row : table.rows) {
      if (row.cells[column]) values.insert(*row.cells[column]);
    }
    std::size_t count = 0;
    std::string example;
    for (const std::string& name : search.lost) {
      if (values.contains(name) && count++ == 0) example = name;
    }
    best.offer({count, fmt::format("are in its column '{}' (as '{}')", table.columns[column], example),
                fmt::format("name the column that holds the same names in both (patient_column = {})",
                            table.columns[column])});
  }
}

std::string sentence(const NameSearch& search) {
  const std::size_t found = search.all - search.lost.size();
  const std::string how_many =
      found == 0 ? fmt::format("none of the {} {} ({}) is", search.all, search.of, examples(search.lost))
                 : fmt::format("{} of the {} {} ({}) are not", search.lost.size(), search.all, search.of,
                               examples(search.lost));
  return fmt::format("{} among the {} {} ({})", how_many, search.others.size(), search.in, examples(search.others));
}

std::string with(const std::string& sentence, const NameExplanation& e) {
  return fmt::format("{}: {} {}; {}", sentence, e.count, e.difference, e.advice);
}

}  // namespace

std::string examples(const std::vector<std::string>& names) {
  if (names.empty()) return "none";
  const std::vector<std::string> first(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(kNameExamples, names.size())));
  return fmt::format("'{}'{}", fmt::join(first, "', '"), names.size() > kNameExamples ? ", ..." : "");
}

std::optional<NameExplanation> explain(const NameSearch& search) {
  Best best;
  const std::vector<NameForm> forms = name_forms(search.kind);
  for (std::size_t i = 0; i + 1 < forms.size(); ++i) offer_form(search, forms[i], best);
  offer_columns(search, best);
  offer_beginnings(search, false, best);
  offer_beginnings(search, true, best);
  offer_form(search, forms.back(), best);
  return best.best();
}

std::optional<NameExplanation> explain_by_spelling(const NameSearch& search) {
  Best best;
  for (const NameForm& form : name_forms(search.kind)) offer_form(search, form, best);
  return best.best();
}

std::optional<NameExplanation> explain_by_beginnings(const NameSearch& search) {
  Best best;
  offer_beginnings(search, false, best);
  return best.best();
}

std::string nearest(const NameSearch& search) {
  const auto e = explain(search);
  return e ? fmt::format("{} {}; {}", e->count, e->difference, e->advice)
           : fmt::format("it has {}", examples(search.others));
}

std::string describe(const NameSearch& search) {
  const auto explanation = explain(search);
  if (explanation) return with(sentence(search), *explanation);
  return sentence(search) + ": no spelling of them agrees; compare the two lists";
}

std::optional<std::string> warn_of_loss(const NameSearch& search) {
  if (search.lost.size() < 3) return std::nullopt;
  const bool most = 2 * search.lost.size() >= search.all;
  NameSearch left = search;
  if (!most) std::erase_if(left.others, [&](const std::string& name) { return search.taken.contains(name); });
  const auto explanation = explain(left);
  const bool holds = explanation && (most ? 2 * explanation->count >= search.lost.size()
                                          : 10 * explanation->count >= 9 * search.lost.size());
  return holds ? std::optional(with(sentence(search), *explanation)) : std::nullopt;
}

}  // namespace mtlgrid
