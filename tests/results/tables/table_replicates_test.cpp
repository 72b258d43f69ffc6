// Tables of a small grid against table_replicates.py: draws, means, CIs, p-values, stars.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "results/metrics/registry.h"
#include "results/metrics/replicates.h"
#include "results/tables/tables.h"
#include "tests/oracle/oracle.h"
#include "tests/results/metrics/close.h"
#include "tests/results/tables/grid_store.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

const nlohmann::json& fixture() { return oracle_file("table_replicates.json"); }

const nlohmann::json* find_cell(const Cell& cell, bool external) {
  for (const auto& j : fixture().at("cells")) {
    if (j.at("auxiliary") == cell.auxiliary && j.at("method") == cell.method && j.at("fold") == cell.fold &&
        j.at("cohort") == (external ? "EXT" : kTestCohort)) {
      return &j;
    }
  }
  return nullptr;
}

MadeUpCell read_cell(const Cell& cell, bool external) {
  const nlohmann::json& j = *find_cell(cell, external);
  MadeUpCell out{{}, j.at("embeddings").get<std::vector<std::vector<float>>>()};
  for (std::size_t i = 0; i < j.at("label").size(); ++i) {
    const auto& target = j.at("target").at(i);
    out.predictions.push_back({j.at("cohort"), j.at("patient").at(i), j.at("label").at(i), j.at("score").at(i),
                               j.at("log_odds").at(i), target.is_null() ? kMissing : target.get<double>(),
                               cell.method == "baseline" ? kMissing : j.at("prediction").at(i).get<double>()});
  }
  return out;
}

// The store's tables, made once.
const std::vector<PaperTable>& tables() {
  static const std::vector<PaperTable> kTables = [] {
    const fs::path file = fs::path(testing::TempDir()) / "table_replicates.db";
    fs::remove(file);
    MadeUpGrid grid;
    grid.folds = 2;
    grid.has_result = [](const Cell& c) { return find_cell(c, false) != nullptr; };
    grid.content = read_cell;
    const GridStore store(file, grid);
    TableOptions options;
    options.resamples = fixture().at("resamples");
    options.seed = fixture().at("tables_seed");
    options.confidence = fixture().at("confidence");
    std::vector<PaperTable> made = paper_tables(file, options);
    fs::remove(file);
    return made;
  }();
  return kTables;
}

// The values of a column by method, from every table that has it.
std::vector<std::vector<TableValue>> columns(const nlohmann::json& wanted) {
  const auto text = [&](const char* key) { return wanted.at(key).get<std::string>(); };
  std::vector<std::vector<TableValue>> found;
  for (const PaperTable& t : tables()) {
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
      const TableColumn& k = t.columns[c];
      if (k.fold || k.cohort != text("cohort") || k.metric != text("metric") || k.auxiliary != text("auxiliary")) {
        continue;
      }
      auto& values = found.emplace_back();
      for (const auto& row : t.values) values.push_back(row[c]);
    }
  }
  return found;
}

void expect_number(double found, const nlohmann::json& expected, const std::string& what) {
  if (expected.is_null()) {
    EXPECT_TRUE(std::isnan(found)) << what << ": " << found << ", expected none";
  } else {
    expect_close(found, expected, what);
  }
}

void expect_column(const std::vector<TableValue>& values, const nlohmann::json& wanted) {
  ASSERT_EQ(values.size(), wanted.at("rows").size());
  for (std::size_t m = 0; m < values.size(); ++m) {
    const auto& row = wanted.at("rows").at(m);
    const std::string what = wanted.at("cohort").get<std::string>() + " " + wanted.at("metric").get<std::string>() +
                             " " + wanted.at("auxiliary").get<std::string>() + " " +
                             row.at("method").get<std::string>();
    expect_number(values[m].value, row.at("value"), what);
    expect_number(values[m].ci_low, row.at("ci_low"), what + ", low");
    expect_number(values[m].ci_high, row.at("ci_high"), what + ", high");
    EXPECT_EQ(values[m].have, row.at("have")) << what;
    EXPECT_EQ(values[m].want, row.at("want")) << what;
    EXPECT_EQ(values[m].stars, row.at("stars")) << what;
    EXPECT_EQ(values[m].best, row.at("best")) << what;
  }
}

// How many tables show a column: means over auxiliaries are in Tables 1 and 2, single auxiliaries in Table 2 and in
// their supplement.
std::size_t tables_with(const nlohmann::json& wanted) {
  const bool mean = wanted.at("auxiliary") == "mean";
  const ShownIn& shown = metric(wanted.at("metric").get<std::string>()).shown;
  if (mean) return std::size_t{shown.table1} + std::size_t{shown.table2};
  return std::size_t{shown.table2} + std::size_t{shown.supplement > 0};
}

TEST(TableReplicates, ValuesCisAndStarsAreTheOracles) {
  std::size_t compared = 0;
  for (const auto& wanted : fixture().at("columns")) {
    const auto found = columns(wanted);
    EXPECT_EQ(found.size(), tables_with(wanted)) << wanted;
    for (const auto& values : found) expect_column(values, wanted);
    compared += found.size();
  }
  // Table 1: 2 cohorts x 2 metrics; Table 2: 3 columns; supplements of 2 auxiliaries: 7 and 8 metrics.
  EXPECT_EQ(compared, std::size_t{4 + 3 + 2 * (7 + 8)});
}

TEST(TableReplicates, DrawsAreTheOracles) {
  for (const auto& [cohort, expected] : fixture().at("replicates").items()) {
    const auto names = expected.at("patients").get<std::vector<std::string>>();
    std::vector<PatientSet> sets;
    for (const auto& cell : fixture().at("cells")) {
      if (cell.at("cohort") != cohort) continue;
      PatientSet set{{}, cell.at("label").get<std::vector<int>>()};
      for (const std::string name : cell.at("patient")) {
        set.patient.push_back(static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin()));
      }
      sets.push_back(set);
    }
    const Replicates found = draw_replicates(names.size(), sets, fixture().at("resamples"),
                                             RandomStream(fixture().at("tables_seed"), "tables/MSI/" + cohort));
    EXPECT_EQ(found.redrawn, expected.at("redrawn")) << cohort;
    EXPECT_EQ(found.multiplicity, expected.at("multiplicity").get<std::vector<std::vector<int>>>()) << cohort;
  }
}

}  // namespace
}  // namespace mtlgrid
