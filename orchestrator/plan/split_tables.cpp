#include "orchestrator/plan/split_tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "base/ascii.h"
#include "base/text.h"
#include "datasets/tables/columns.h"
#include "datasets/tables/read_table.h"

namespace mtlgrid {
namespace {

using Columns = std::vector<std::size_t>;

// A column's name without case, signs and the number at its end.
std::string word_of(const std::string& column) {
  std::string word;
  for (const char c : lower_ascii(column)) {
    if (std::string_view(" _-.").find(c) == std::string_view::npos) word += c;
  }
  word.resize(word.find_last_not_of("0123456789") + 1);
  return word;
}

bool names_folds(const std::string& column) {
  static constexpr std::array kWords = {"fold",      "folds",  "kfold", "cv",    "cvfold", "testfold",
                                        "outerfold", "foldid", "cvid",  "split", "splits", "partition"};
  const std::string word = word_of(column);
  return std::any_of(kWords.begin(), kWords.end(), [&](const char* known) { return word == known; });
}

std::optional<bool> truth(const std::string& cell) {
  const std::string lower = lower_ascii(cell);
  if (lower == "true" || lower == "1") return true;
  if (lower == "false" || lower == "0") return false;
  return std::nullopt;
}

class TableSplits {
 public:
  TableSplits(Table table, const CohortNames& cohort, int folds)
      : table_(std::move(table)), cohort_(cohort), folds_(folds), file_(table_.path.filename().string()) {}

  SplitFile read() {
    const Columns train = of_part(SplitPart::train), valid = of_part(SplitPart::valid), test = of_part(SplitPart::test);
    if (!train.empty() && !test.empty()) {
      if (train.size() > 1 || valid.size() > 1 || test.size() > 1) throw refused("several columns have one part");
      lists({{SplitPart::train, train[0]},
             {SplitPart::valid, valid.empty() ? kNone : valid[0]},
             {SplitPart::test, test[0]}});
    } else {
      folds();
    }
    for (const SplitLists& l : out_.splits) out_.validation = out_.validation || !l.valid.empty();
    return std::move(out_);
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct PartColumn {
    SplitPart part;
    std::size_t column;
  };

  InputError refused(const std::string& why) const {
    return InputError(
        fmt::format("{}: {}; its columns are {}; expected columns train and test (CLAM), fold_0, fold_1, ..., or one "
                    "column fold beside the patients (docs/configuration.md)",
                    table_.path.string(), why, column_list(table_)));
  }

  Columns where(const std::function<bool(std::size_t)>& wanted) const {
    Columns found;
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      if (wanted(c)) found.push_back(c);
    }
    return found;
  }
  Columns of_part(SplitPart part) const {
    return where([&](std::size_t c) { return part_of(table_.columns[c]) == part; });
  }

  // Whether a column has cells, and each fits.
  bool all(std::size_t column, const std::function<bool(const std::string&)>& fits) const {
    bool any = false;
    for (const Table::Row& row : table_.rows) {
      if (!row.cells[column]) continue;
      if (!fits(*row.cells[column])) return false;
      any = true;
    }
    return any;
  }
  bool has_parts(std::size_t column) const {
    return all(column, [](const std::string& cell) { return part_of(cell).has_value(); });
  }

  std::string said(std::size_t column) const { return "'" + printable(table_.columns[column]) + "'"; }

  // The column of names: the one with the most that the cohort knows; of none, the patient column or the first.
  std::size_t names(const Columns& others) const {
    std::size_t best = kNone, most = 0;
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      if (std::find(others.begin(), others.end(), c) != others.end()) continue;
      std::size_t known = 0;
      for (const Table::Row& row : table_.rows) known += row.cells[c] && cohort_.known(*row.cells[c]) ? 1 : 0;
      const bool preferred = table_.columns[c] == cohort_.patient_column();
      if (best == kNone || known > most || (known == most && preferred)) {
        best = c;
        most = known;
      }
    }
    if (best == kNone) throw refused("no column is left for the patients");
    return best;
  }

  // CLAM's lists, or a truth value for each name and part.
  void lists(const std::vector<PartColumn>& parts) {
    SplitLists& split = out_.splits.emplace_back();
    split.where = file_;
    Columns used;
    bool truths = true;
    for (const PartColumn& p : parts) {
      if (p.column == kNone) continue;
      used.push_back(p.column);
      truths = truths && all(p.column, [](const std::string& cell) { return truth(cell).has_value(); });
    }
    const std::size_t name = truths ? names(used) : kNone;
    for (const Table::Row& row : table_.rows) {
      for (const PartColumn& p : parts) {
        if (p.column == kNone || !row.cells[p.column]) continue;
        if (!truths) {
          split.of(p.part).insert(*row.cells[p.column]);
        } else if (*truth(*row.cells[p.column]) && row.cells[name]) {
          split.of(p.part).insert(*row.cells[name]);
        }
      }
    }
    out_.form = fmt::format("{} in its columns {} and {}", truths ? "TRUE and FALSE" : "lists", said(used.front()),
                            said(used.back()));
  }

  void folds() {
    const Columns parts = where([&](std::size_t c) { return has_parts(c); });
    const Columns numbered = where([&](std::size_t c) { return names_folds(table_.columns[c]); });
    Columns matrix, single;
    for (const std::size_t c : numbered) (has_parts(c) ? matrix : single).push_back(c);
    if (parts.size() == 1 && single.size() == 1) return rows(single[0], parts[0]);
    if (matrix.size() > 1 || (matrix.size() == 1 && single.empty())) return parts_of_folds(matrix);
    one_column(single);
  }

  // A row for each name and split.
  void rows(std::size_t fold, std::size_t part) {
    const std::size_t name = names({fold, part});
    std::set<std::string> different;
    for (const Table::Row& row : table_.rows) {
      if (row.cells[fold]) different.insert(*row.cells[fold]);
    }
    std::vector<std::string> order(different.begin(), different.end());
    sort_fold_names(order);
    std::map<std::string, std::size_t> position;
    for (const std::string& of : order) {
      position.emplace(of, out_.splits.size());
      out_.splits.emplace_back().where = fmt::format("fold '{}'", of);
    }
    for (const Table::Row& row : table_.rows) {
      if (!row.cells[fold] || !row.cells[part] || !row.cells[name]) continue;
      out_.splits[position.at(*row.cells[fold])].of(*part_of(*row.cells[part])).insert(*row.cells[name]);
    }
    out_.form = fmt::format("folds in column {}, parts in {}, patients in {}", said(fold), said(part), said(name));
  }

  // A column for each split.
  void parts_of_folds(const Columns& columns) {
    std::map<std::string, std::size_t> position;
    std::vector<std::string> order;
    for (const std::size_t c : columns) {
      order.push_back(table_.columns[c]);
      if (!position.emplace(order.back(), c).second) throw refused("two columns have one name");
    }
    sort_fold_names(order);
    const std::size_t name = names(columns);
    for (const std::string& column : order) {
      SplitLists& split = out_.splits.emplace_back();
      split.where = fmt::format("column '{}'", column);
      const std::size_t c = position.at(column);
      for (const Table::Row& row : table_.rows) {
        if (row.cells[c] && row.cells[name]) split.of(*part_of(*row.cells[c])).insert(*row.cells[name]);
      }
    }
    out_.form = fmt::format("parts in columns '{}' to '{}', patients in {}", printable(order.front()),
                            printable(order.back()), said(name));
  }

  std::set<std::string> values_of(std::size_t column) const {
    std::set<std::string> values;
    for (const Table::Row& row : table_.rows) {
      if (row.cells[column]) values.insert(*row.cells[column]);
    }
    return values;
  }

  // The fold in which each name is tested.
  void one_column(Columns candidates) {
    if (candidates.empty() && table_.columns.size() == 2) {  // the column beside the names, whatever it is called
      candidates = {1 - names({})};
    }
    if (candidates.empty()) throw refused("no column says the folds");
    Columns fitting;
    std::vector<std::string> counts;
    for (const std::size_t c : candidates) {
      const std::size_t n = values_of(c).size();
      counts.push_back(fmt::format("{} has {}", said(c), counted(static_cast<std::int64_t>(n), "value")));
      if (n == static_cast<std::size_t>(folds_)) fitting.push_back(c);
    }
    if (fitting.size() != 1 && candidates.size() > 1) {
      throw refused(fmt::format("{} of its columns of folds ({}) {} {} (folds); leave one of them in the file",
                                fitting.empty() ? "none" : "several", fmt::join(counts, ", "),
                                fitting.empty() ? "has" : "have", folds_));
    }
    const std::size_t column = fitting.empty() ? candidates[0] : fitting[0], name = names(candidates);
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const Table::Row& row : table_.rows) {
      if (row.cells[column] && row.cells[name]) pairs.emplace_back(*row.cells[name], *row.cells[column]);
    }
    out_.splits = lists_of_folds(pairs);
    std::vector<std::string> tested;
    for (const SplitLists& split : out_.splits) {
      if (tested.size() < 8) tested.push_back(printable(split.where));
    }
    out_.form = fmt::format(
        "the fold in which each patient is tested, in column {}, patients in {}; in this order: {}{}", said(column),
        said(name), fmt::join(tested, ", "), out_.splits.size() > tested.size() ? ", ..." : "");
  }

  Table table_;
  const CohortNames& cohort_;
  int folds_;
  std::string file_;
  SplitFile out_;
};

}  // namespace

SplitFile read_split_table(const std::filesystem::path& file, const CohortNames& cohort, int folds) {
  return TableSplits(read_table(file, {cohort.missing(), ""}), cohort, folds).read();
}

}  // namespace mtlgrid
