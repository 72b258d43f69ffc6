#include "orchestrator/inspection/inspect_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/quoting.h"
#include "base/text.h"
#include "datasets/tables/header_row.h"
#include "datasets/tables/read_table.h"
#include "datasets/tables/seen_values.h"
#include "orchestrator/proposal/column_facts.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kValueExamples = 4, kExampleColumns = 40;

// The most frequent values, or the first ones of many.
std::string examples(const Table& table, const ColumnFacts& facts) {
  std::vector<std::string> some;
  for (const SeenValue& seen : facts.few) {
    if (some.size() < kValueExamples)
      some.push_back(fmt::format("{} ({})", cut_to(printable(seen.value), kExampleColumns), seen.count));
  }
  for (std::size_t row = 0; facts.few.empty() && row < table.rows.size() && some.size() < kValueExamples; ++row) {
    if (const auto& cell = table.rows[row].cells[facts.column])
      some.push_back(cut_to(printable(*cell), kExampleColumns));
  }
  return fmt::format("{}", fmt::join(some, ", "));
}

std::string shown_name(const ColumnFacts& facts) { return unquoted(facts.name).value_or(facts.name); }

std::string type_of(const ColumnFacts& facts) {
  if (facts.present == 0) return "empty";
  return facts.whole ? "whole numbers" : facts.numeric ? "numbers" : "text";
}

void check_names(const Table& table, Inspection& out) {
  std::map<std::string, int> counts;
  for (const std::string& name : table.columns) ++counts[name];
  for (const auto& [name, count] : counts) {
    if (count > 1 && !name.empty()) out.wrong.push_back(fmt::format("{} columns are called '{}'", count, name));
  }
}

}  // namespace

Inspection inspect_table(const std::filesystem::path& file) {
  const Table table = read_table(file);
  Inspection out{file, "table"};
  out.facts["rows"] = table.rows.size();
  out.facts["columns"] = table.columns.size();
  if (!table.inferences.empty()) out.facts["inferred"] = table.inferences;
  std::vector<std::size_t> rows(table.rows.size());
  std::iota(rows.begin(), rows.end(), 0);
  auto listed = nlohmann::ordered_json::array();
  std::vector<std::string> empty;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    const ColumnFacts facts = column_facts(table, column, rows);
    listed.push_back({{"column", shown_name(facts)},
                      {"type", type_of(facts)},
                      {"values", facts.present},
                      {"different", facts.distinct},
                      {"examples", examples(table, facts)}});
    if (facts.present == 0) {  // nothing is read from it: of programs that leave a column to be filled in
      empty.push_back(shown_name(facts));
    } else if (!facts.missing.empty()) {
      out.wrong.push_back(fmt::format("column '{}' has values that look missing and are not read so: missing = {}",
                                      facts.name, config_list(facts.missing)));
    }
  }
  if (!empty.empty()) out.facts["columns without values"] = empty;
  out.facts["each column"] = listed;
  if (const std::string header = likely_header_said(table); !header.empty()) out.wrong.push_back(header);
  check_names(table, out);
  return out;
}

}  // namespace mtlgrid
