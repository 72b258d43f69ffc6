#include "results/store/metric_sql.h"

#include <gtest/gtest.h>

#include "results/store/schema.h"

namespace mtlgrid {
namespace {

// Stores of one schema version have the same views. If this fails because a metric entered Table 1 or 2, raise
// kSchemaVersion with it: stores of an older version are rebuilt when they are opened.
TEST(MetricSql, ChangesWithTheSchemaVersionOnly) {
  EXPECT_EQ(kSchemaVersion, 5);
  EXPECT_EQ(with_metrics("{both_values}"), "('auroc'), ('auprc'), ('silhouette')");
  EXPECT_EQ(with_metrics("{in_table1}"), "IN ('auroc', 'auprc')");
  EXPECT_EQ(with_metrics("{in_table2}"), "= 'silhouette'");
  EXPECT_EQ(with_metrics("{not_embedding}"), "<> 'silhouette'");
  EXPECT_EQ(with_metrics("{best_first}"), "value DESC");
  EXPECT_EQ(with_metrics("{test_values}"),
            "       (SELECT m.value FROM metrics m WHERE m.cell_id = c.cell_id AND m.attempt = c.result_attempt\n"
            "        AND m.cohort = 'test' AND m.metric = 'auroc') AS test_auroc,\n"
            "       (SELECT m.value FROM metrics m WHERE m.cell_id = c.cell_id AND m.attempt = c.result_attempt\n"
            "        AND m.cohort = 'test' AND m.metric = 'auprc') AS test_auprc");
}

TEST(MetricSql, DescribesViewsByLabels) {
  EXPECT_EQ(with_metrics("{table1}; {table2}; {both}"), "AUROC and AUPRC; silhouette; AUROC, AUPRC and silhouette");
}

}  // namespace
}  // namespace mtlgrid
