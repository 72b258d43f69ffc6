#include "orchestrator/proposal/column_facts.h"

#include <cmath>
#include <set>
#include <unordered_set>

#include "datasets/tables/columns.h"
#include "datasets/tables/looks_missing.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kMostListed = 12;

}  // namespace

ColumnFacts column_facts(const Table& table, std::size_t column, const std::vector<std::size_t>& rows) {
  ColumnFacts facts;
  facts.column = column;
  facts.name = name_to_write(table, column);
  facts.numeric = facts.whole = true;
  std::unordered_set<std::string> values;
  std::set<std::string> missing;
  SeenValues seen;
  for (const std::size_t row : rows) {
    const auto& cell = table.rows[row].cells[column];
    if (!cell) continue;
    const auto number = table.number(column, *cell);
    if (!number && looks_missing(*cell)) {
      missing.insert(*cell);
      continue;
    }
    ++facts.present;
    values.insert(*cell);
    if (values.size() <= kMostListed) seen.add(*cell, table.rows[row].line);
    facts.numeric = facts.numeric && number;
    facts.whole = facts.whole && number && *number == std::floor(*number);
  }
  facts.distinct = values.size();
  if (facts.distinct <= kMostListed) facts.few = seen.sorted();
  facts.missing.assign(missing.begin(), missing.end());
  facts.numeric = facts.numeric && facts.present > 0;
  facts.whole = facts.whole && facts.numeric;
  return facts;
}

}  // namespace mtlgrid
