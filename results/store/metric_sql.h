// The registry of metrics in the SQL of the store's views and in what describes them.
#pragma once

#include <string>

namespace mtlgrid {

// `text` with names in braces replaced:
//   {table1}, {table2}, {both}   labels of the metrics of Table 1, of Table 2, of both: "AUROC, AUPRC and silhouette"
//   {in_table1}, {in_table2}     conditions on a name: "IN ('auroc', 'auprc')", "= 'silhouette'"
//   {not_embedding}              the same: not a metric of embeddings, "<> 'silhouette'"
//   {both_values}                rows of VALUES: "('auroc'), ('auprc'), ('silhouette')"
//   {best_first}                 an order of the columns `metric` and `value`
//   {test_values}                columns of cell_summary: the metrics of Table 1 on the held-out fold
std::string with_metrics(const char* text);

}  // namespace mtlgrid
