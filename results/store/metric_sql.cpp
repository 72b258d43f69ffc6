#include "results/store/metric_sql.h"

#include <fmt/format.h>

#include <vector>

#include "results/metrics/registry.h"

namespace mtlgrid {
namespace {

// A column of cell_summary.
constexpr char kTestValue[] =
    "       (SELECT m.value FROM metrics m WHERE m.cell_id = c.cell_id AND m.attempt = c.result_attempt\n"
    "        AND m.cohort = 'test' AND m.metric = '{0}') AS test_{0}";

using Rows = std::vector<const Metric*>;

// The metrics of Tables 1 and 2, in the order of the registry.
Rows table_metrics() {
  Rows both;
  for (const Metric& m : metrics()) {
    if (m.shown.table1 || m.shown.table2) both.push_back(&m);
  }
  return both;
}

// "'auroc', 'auprc'", each name put into `format`.
std::string list(const Rows& rows, fmt::format_string<const char* const&> format, const char* separator = ", ") {
  std::vector<std::string> parts;
  for (const Metric* m : rows) parts.push_back(fmt::format(format, m->name));
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string is_one_of(const Rows& rows) {
  return rows.size() == 1 ? list(rows, "= '{}'") : fmt::format("IN ({})", list(rows, "'{}'"));
}

std::string is_none_of(const Rows& rows) {
  return rows.size() == 1 ? list(rows, "<> '{}'") : fmt::format("NOT IN ({})", list(rows, "'{}'"));
}

}  // namespace

std::string with_metrics(const char* text) {
  const Rows both = table_metrics(), first = table1_metrics(), second = table2_metrics();
  Rows embedding, lower;
  for (const Metric* m : both) {
    if (m->kind == MetricKind::embedding) embedding.push_back(m);
    if (m->better == Better::lower) lower.push_back(m);
  }
  const std::string best_first =
      lower.empty() ? "value DESC" : fmt::format("iif(metric {}, value, -value)", is_one_of(lower));
  return fmt::format(fmt::runtime(text), fmt::arg("both_values", list(both, "('{}')")), fmt::arg("both", labels(both)),
                     fmt::arg("table1", labels(first)), fmt::arg("table2", labels(second)),
                     fmt::arg("in_table1", is_one_of(first)), fmt::arg("in_table2", is_one_of(second)),
                     fmt::arg("not_embedding", is_none_of(embedding)), fmt::arg("best_first", best_first),
                     fmt::arg("test_values", list(first, kTestValue, ",\n")));
}

}  // namespace mtlgrid
