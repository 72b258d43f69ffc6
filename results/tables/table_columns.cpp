#include "results/tables/table_columns.h"

#include <algorithm>
#include <cmath>

#include "results/records/records.h"

namespace mtlgrid {

double difference_of(double a, double b) {
  const double difference = a - b;
  return std::abs(difference) <= 1e-12 * std::max(std::abs(a), std::abs(b)) ? 0 : difference;
}

std::vector<double> differences_of(std::span<const double> a, std::span<const double> b) {
  std::vector<double> differences;
  for (std::size_t r = 0; r < std::min(a.size(), b.size()); ++r) {
    const double difference = difference_of(a[r], b[r]);
    if (!std::isnan(difference)) differences.push_back(difference);
  }
  return differences;
}

void mark_best(Better better, std::vector<TableValue>& values) {
  if (better == Better::neither) return;
  double best = kMissing;
  int defined = 0, fullest = 0;
  for (const TableValue& v : values) fullest = std::max(fullest, std::isnan(v.value) ? 0 : v.have);
  const auto competes = [&](const TableValue& v) { return !std::isnan(v.value) && v.have == fullest; };
  for (const TableValue& v : values) {
    if (!competes(v)) continue;
    ++defined;
    if (std::isnan(best) || (better == Better::higher ? v.value > best : v.value < best)) best = v.value;
  }
  if (defined < 2) return;
  for (TableValue& v : values) v.best = competes(v) && difference_of(v.value, best) == 0;
}

}  // namespace mtlgrid
