#include "orchestrator/proposal/assignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "datasets/cohorts/name_forms.h"
#include "datasets/features/feature_index.h"
#include "datasets/tables/columns.h"
#include "orchestrator/proposal/known_columns.h"

namespace mtlgrid {
namespace {

using Rows = std::vector<std::pair<std::size_t, std::size_t>>;  // (row of a table, file of the set)

constexpr std::size_t kSample = 300;

// A table's column that names files of the set.
struct FileColumn {
  const Table* table;
  std::size_t column;
  Rows rows;
  bool direct = false;  // the join finds the files by these values as they are
};

const std::optional<std::string>& cell(const Table& table, std::size_t row, std::size_t column) {
  return table.rows[row].cells[column];
}

std::optional<std::size_t> file_of(const FeatureSet& set, const std::string& value) {
  const std::string name = without_file_suffix(value.substr(value.find_last_of("/\\") + 1));
  const auto found = set.stems.find(name);
  return found == set.stems.end() ? std::nullopt : std::optional(found->second);
}

// The rows of every `step`th row that name a file in the column.
Rows rows_with_files(const FeatureSet& set, const Table& table, std::size_t column, std::size_t step) {
  Rows out;
  for (std::size_t row = 0; row < table.rows.size(); row += step) {
    if (!cell(table, row, column)) continue;
    if (const auto file = file_of(set, *cell(table, row, column))) out.emplace_back(row, *file);
  }
  return out;
}

bool found_as_they_are(const FeatureIndex& index, const FeatureSet& set, const FileColumn& by) {
  const std::size_t step = by.rows.size() / kSample + 1;
  for (std::size_t i = 0; i < by.rows.size(); i += step) {
    const auto match = index.find(*cell(*by.table, by.rows[i].first, by.column));
    if (match.files.size() != 1 || match.files[0] != set.files[by.rows[i].second]) return false;
  }
  return true;
}

// The column of each table that names most files.
std::vector<FileColumn> file_columns(const FeatureSet& set, const std::vector<Table>& tables) {
  std::vector<FileColumn> out;
  const FeatureIndex index(set.root);
  for (const Table& table : tables) {
    FileColumn best{&table, 0, {}};
    for (std::size_t column = 0; column < table.columns.size(); ++column) {
      const std::size_t step = table.rows.size() / kSample + 1;
      if (rows_with_files(set, table, column, step).empty()) continue;
      FileColumn by{&table, column, rows_with_files(set, table, column, 1)};
      by.direct = found_as_they_are(index, set, by);
      const auto rank = [](const FileColumn& one) {  // a column of files before one of patients whose names they are
        const bool of_patients = is_patient_name(one.table->columns[one.column]);
        return std::tuple(one.rows.size(), one.direct, !of_patients);
      };
      if (rank(by) > rank(best)) best = std::move(by);
    }
    if (!best.rows.empty()) out.push_back(std::move(best));
  }
  std::stable_sort(out.begin(), out.end(), [](const FileColumn& a, const FileColumn& b) {
    return std::pair(a.rows.size(), a.direct) > std::pair(b.rows.size(), b.direct);
  });
  return out;
}

// Values of a column to their first rows; empty if they repeat so often that they cannot be names of patients.
std::unordered_map<std::string_view, std::size_t> names_in(const Table& table, std::size_t column) {
  std::unordered_map<std::string_view, std::size_t> names;
  std::size_t present = 0;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const auto& value = cell(table, row, column);
    if (!value) continue;
    ++present;
    names.emplace(*value, row);
    if (present == kSample && names.size() < kSample / 20) return {};
  }
  if (names.size() * 10 < present) return {};
  return names;
}

// Whether most of the column's values begin the names of the files in their rows.
bool begins_files(const FeatureSet& set, const FileColumn& by, std::size_t column) {
  std::size_t begins = 0, compared = 0;
  const std::size_t step = by.rows.size() / kSample + 1;
  for (std::size_t i = 0; i < by.rows.size(); i += step, ++compared) {
    const auto& value = cell(*by.table, by.rows[i].first, column);
    const std::string stem = stem_of(set.files[by.rows[i].second]);
    begins += value && stem.starts_with(*value) && (stem.size() == value->size() || separates(stem[value->size()]));
  }
  return begins * 10 >= compared * 8;
}

// The patients' column of a table that also names the files.
std::size_t own_patients(const FeatureSet& set, const FileColumn& by) {
  const Table& table = *by.table;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (column != by.column && is_patient_name(table.columns[column])) return column;
  }
  if (is_patient_name(table.columns[by.column])) return by.column;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (column != by.column && begins_files(set, by, column) && !names_in(table, column).empty()) return column;
  }
  return by.column;  // every slide is a patient of its own
}

std::string table_name(const Table& table) { return printable(table.path.filename().string()); }

// Columns of a clinical table and of a slide table that have the same patients.
struct ColumnPair {
  std::size_t clini = 0, slides = 0;
  std::size_t related = 0, values = 0;  // rows that name a file and a patient; different patients of them
  int known = 0;                        // how many of the two are the patients' by their names
  bool by_file = false;
};

// Whether a column may tell patients apart: not one of sites, and not one of few classes.
bool may_be_patients(const Table& clini, std::size_t column, std::size_t names) {
  const std::string& name = clini.columns[column];
  return is_patient_name(name) || (!is_demographic(name) && names * 4 >= clini.rows.size());
}

// All pairs that relate at least nine tenths of the rows that the best pair does.
std::vector<ColumnPair> column_pairs(const Table& clini, const FileColumn& by) {
  std::vector<ColumnPair> pairs;
  std::size_t most = 0;
  for (std::size_t p = 0; p < clini.columns.size(); ++p) {
    const auto names = names_in(clini, p);
    if (names.empty()) continue;
    for (std::size_t q = 0; q < by.table->columns.size(); ++q) {
      const std::string& of_slides = by.table->columns[q];
      ColumnPair pair{p,
                      q,
                      0,
                      0,
                      int{is_patient_name(clini.columns[p])} + int{is_patient_name(of_slides)},
                      q == by.column && !is_patient_name(of_slides)};
      std::unordered_set<std::string_view> values;
      for (const auto& [row, file] : by.rows) {
        const auto& value = cell(*by.table, row, q);
        if (!value || !names.contains(*value)) continue;
        ++pair.related;
        values.insert(*value);
      }
      pair.values = values.size();
      if (pair.related > 0 && (pair.by_file || may_be_patients(clini, p, names.size()))) pairs.push_back(pair);
      most = std::max(most, pair.related);
    }
  }
  std::erase_if(pairs, [&](const ColumnPair& pair) { return pair.related * 10 < most * 9; });
  return pairs;
}

// Of the pairs the patients', and a warning where others are as likely.
std::pair<ColumnPair, std::string> patients_of(const Table& clini, const FileColumn& by,
                                               const std::vector<ColumnPair>& pairs) {
  const auto rank = [](const ColumnPair& pair) { return std::tuple(pair.known, !pair.by_file, pair.values); };
  const ColumnPair best = *std::max_element(
      pairs.begin(), pairs.end(), [&](const ColumnPair& a, const ColumnPair& b) { return rank(a) < rank(b); });
  const ColumnPair* coarser = nullptr;
  for (const ColumnPair& pair : pairs) {
    if (pair.by_file || best.known == 2 || pair.values >= best.values) continue;
    if (coarser == nullptr || pair.values > coarser->values) coarser = &pair;
  }
  if (coarser == nullptr) return {best, ""};
  return {best, fmt::format("{} of the clinical table and {} of {} put the same files into {} instead of {}: if those "
                            "are the patients, name these columns",
                            column_said(clini, coarser->clini), column_said(*by.table, coarser->slides),
                            table_name(*by.table), counted(static_cast<std::int64_t>(coarser->values), "group"),
                            best.values)};
}

// Completes an assignment of which the columns are known.
std::optional<Assignment> by_table(const FeatureSet& set, const FileColumn& by, const Table& clini,
                                   std::size_t patient_column, std::size_t slide_patient_column) {
  Assignment out{&clini, patient_column};
  const auto names = names_in(clini, patient_column);
  std::set<std::size_t> rows, files;
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [row, file] : by.rows) {
    const auto& patient = cell(*by.table, row, slide_patient_column);
    const auto found = patient ? names.find(*patient) : names.end();
    if (found == names.end()) continue;
    rows.insert(found->second);
    if (files.insert(file).second) pairs.emplace_back(*patient, set.files[file]);
  }
  if (rows.empty()) return std::nullopt;
  out.rows.assign(rows.begin(), rows.end());
  out.files.assign(files.begin(), files.end());
  out.by_file = slide_patient_column == by.column && !is_patient_name(by.table->columns[by.column]);
  out.by_patient = by.direct && by.table == &clini && patient_column == by.column;
  if (by.direct && !out.by_patient) {
    out.slides = by.table;
    out.slide_patient_column = slide_patient_column;
    out.filename_column = by.column;
  } else if (!by.direct) {
    out.pairs = std::move(pairs);
  }
  out.evidence = fmt::format("{} of {} name files in {} of {}", by.rows.size(),
                             counted(static_cast<std::int64_t>(by.table->rows.size()), "row"),
                             column_said(*by.table, by.column), table_name(*by.table));
  return out;
}

// The longest beginning of `stem` that is a name, up to a separator or its end.
std::optional<std::size_t> patient_of(const std::unordered_map<std::string_view, std::size_t>& names,
                                      std::string_view stem) {
  for (std::size_t size = stem.size(); size > 0; --size) {
    if (size < stem.size() && !separates(stem[size])) continue;
    if (const auto found = names.find(stem.substr(0, size)); found != names.end()) return found->second;
  }
  return std::nullopt;
}

// By the names of the files alone, with the column that gives most of them a patient.
std::optional<Assignment> by_names(const FeatureSet& set, const Table& clini) {
  std::optional<Assignment> best;
  for (std::size_t column = 0; column < clini.columns.size(); ++column) {
    const auto names = names_in(clini, column);
    if (names.empty()) continue;
    Assignment out{&clini, column};
    std::set<std::size_t> rows;
    for (std::size_t file = 0; file < set.files.size(); ++file) {
      const auto row = patient_of(names, stem_of(set.files[file]));
      if (!row) continue;
      rows.insert(*row);
      out.files.push_back(file);
      out.pairs.emplace_back(*cell(clini, *row, column), set.files[file]);
    }
    out.rows.assign(rows.begin(), rows.end());
    const bool enough = out.files.size() * 2 >= set.files.size() || out.rows.size() * 2 >= names.size();
    if (!rows.empty() && enough && (!best || out.files.size() > best->files.size())) best = std::move(out);
  }
  if (best) {
    best->evidence = fmt::format("the names of {} of {} begin with a value of {} of {}", best->files.size(),
                                 counted(static_cast<std::int64_t>(set.files.size()), "file"),
                                 column_said(clini, best->patient_column), table_name(clini));
  }
  return best;
}

// How good a way is: patients that are not the files themselves, then most files, then without a table to be written,
// then by a table that is of slides. A column of patients whose names files have makes no slide table.
auto rank_of(const Assignment& a, std::size_t most) {
  const bool by_slides = a.slides != nullptr && !is_patient_name(a.slides->columns[a.filename_column]);
  const int kind = by_slides ? 1 + int{a.slides == a.clini} : 0;
  return std::tuple(a.files.size() * 2 >= most, !a.by_file, a.files.size(), a.slides != nullptr || a.by_patient, kind);
}

std::optional<Assignment> of_clini(const FeatureSet& set, const std::vector<FileColumn>& file_columns,
                                   const Table& clini) {
  std::vector<Assignment> ways;
  const auto take = [&](std::optional<Assignment> one) {
    if (one) ways.push_back(std::move(*one));
  };
  for (const FileColumn& by : file_columns) {
    if (by.table == &clini) {
      const std::size_t patients = own_patients(set, by);
      take(by_table(set, by, clini, patients, patients));
    } else if (const auto pairs = column_pairs(clini, by); !pairs.empty()) {
      const auto [pair, caution] = patients_of(clini, by, pairs);
      auto one = by_table(set, by, clini, pair.clini, pair.slides);
      if (one) one->caution = caution;
      take(std::move(one));
    }
  }
  const auto best = [&] {
    std::size_t most = 0;
    for (const Assignment& one : ways) most = std::max(most, one.files.size());
    return std::max_element(ways.begin(), ways.end(), [&](const Assignment& a, const Assignment& b) {
      return rank_of(a, most) < rank_of(b, most);
    });
  };
  // Files that are called as their patient may have neighbours: P00.h5 and P00_2.h5.
  if (ways.empty() || (best()->by_patient && best()->files.size() < set.files.size())) take(by_names(set, clini));
  if (ways.empty()) return std::nullopt;
  Assignment out = std::move(*best());
  if (out.by_file) {
    out.caution =
        "no column puts these files together by patient: if a patient may have several of them, name the "
        "patients' column, or the same patient is trained on and tested";
  }
  return out;
}

}  // namespace

std::vector<Assignment> assignments(const FeatureSet& set, const std::vector<Table>& tables) {
  const std::vector<FileColumn> by_column = file_columns(set, tables);
  std::vector<Assignment> out;
  for (const Table& clini : tables) {
    if (auto one = of_clini(set, by_column, clini)) out.push_back(std::move(*one));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Assignment& a, const Assignment& b) { return a.files.size() > b.files.size(); });
  return out;
}

}  // namespace mtlgrid
