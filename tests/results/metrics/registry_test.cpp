#include "results/metrics/registry.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/oracle/oracle.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = MTLGRID_SOURCE;

std::string statistics_page() {
  std::ifstream in(kSource / "docs" / "statistics.md");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The text of the section under `## title`, up to the next one.
std::string section(const std::string& title) {
  const std::string page = statistics_page(), heading = "\n## " + title + "\n";
  const auto begin = page.find(heading);
  if (begin == std::string::npos) throw std::out_of_range("docs/statistics.md has no section " + title);
  return page.substr(begin + heading.size(), page.find("\n## ", begin + 1) - begin - heading.size());
}

std::string tables_of(const ShownIn& shown) {
  std::string text;
  const auto add = [&](bool is_shown, const char* table) {
    if (is_shown) text += (text.empty() ? "" : ", ") + std::string(table);
  };
  add(shown.table1, "1");
  add(shown.table2, "2");
  add(shown.supplement > 0, "supplement");
  return text.empty() ? "–" : text;
}

TEST(Registry, NamesAreUniqueAndFound) {
  std::set<std::string> names;
  for (const Metric& m : metrics()) {
    EXPECT_TRUE(names.insert(m.name).second) << m.name;
    EXPECT_EQ(&metric(m.name), &m);
    EXPECT_STRNE(m.label, "") << m.name;
  }
  EXPECT_THROW(metric("accuracy"), std::out_of_range);
}

TEST(Registry, EveryMetricIsEitherComputedOrDerivedFromAnEarlierOne) {
  std::set<std::string> earlier;
  for (const Metric& m : metrics()) {
    EXPECT_NE(m.prepare == nullptr, m.derive == nullptr) << m.name;
    if (m.derive != nullptr) {
      EXPECT_TRUE(earlier.contains(m.derived_from)) << m.name;
      EXPECT_EQ(tables_of(m.shown), "–") << m.name << ": a derived metric has no replicates, so no table can show it";
    } else {
      EXPECT_NE(m.better, Better::neither) << m.name << ": tables mark the best value";
    }
    earlier.insert(m.name);
  }
}

TEST(Registry, SupplementsHaveTheirMetricsAtPositionsFromOne) {
  int position = 0;
  for (const Metric* m : supplement_metrics()) EXPECT_EQ(m->shown.supplement, ++position) << m->name;
}

TEST(Registry, LabelsReadAsAList) {
  EXPECT_EQ(labels(table1_metrics()), "AUROC and AUPRC");
  EXPECT_EQ(labels(table2_metrics()), "silhouette");
  EXPECT_EQ(heading(*table2_metrics()[0]), "Silhouette");
  EXPECT_EQ(labels(std::vector{&metric("ce"), &metric("mae"), &metric("f1")}), "CE, MAE and F1");
}

TEST(Registry, TheOracleHasAValueOfEveryMetric) {
  const nlohmann::json& statistics = oracle_file("statistics.json");
  std::set<std::string> bootstrapped;
  for (const auto& row : statistics.at("bootstrap").at("rows")) bootstrapped.insert(row.at("metric"));
  for (const Metric& m : metrics()) {
    for (const auto& j : statistics.at("cases")) EXPECT_TRUE(j.at("everyone").contains(m.name)) << m.name;
    EXPECT_EQ(bootstrapped.contains(m.name), m.prepare != nullptr) << m.name;
  }
}

TEST(Registry, DocumentationHasARowForEveryMetricInItsOrder) {
  static constexpr const char* kBetter[] = {"higher", "lower", "–"};
  std::istringstream lines(section("Metrics of a cell"));
  std::vector<std::string> rows;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| `")) rows.push_back(line);
  }
  ASSERT_EQ(rows.size(), metrics().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Metric& m = metrics()[i];
    const std::string expected =
        fmt::format("| `{}` | {} | {} | {} | {} | ", m.name, m.label, *m.unit == '\0' ? "–" : m.unit,
                    kBetter[static_cast<int>(m.better)], tables_of(m.shown));
    EXPECT_EQ(rows[i].substr(0, expected.size()), expected);
  }
}

// The lines of a file that have the name of a metric as a string of C++ or SQL, comments apart.
std::vector<std::string> lines_quoting_metrics(const fs::path& file) {
  std::vector<std::string> found;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("//")) continue;
    for (const Metric& m : metrics()) {
      for (const char* quote : {"\"", "'"}) {
        if (line.find(quote + std::string(m.name) + quote) != std::string::npos) found.push_back(line);
      }
    }
  }
  return found;
}

TEST(Registry, NoOtherCodeOfTheProductNamesAMetric) {
  for (const char* folder : {"base", "balancers", "datasets", "results", "trainer", "cluster", "orchestrator"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kSource / folder)) {
      const fs::path& file = entry.path();
      if (file.extension() != ".h" && file.extension() != ".cpp") continue;
      if (file.parent_path() == kSource / "results" / "metrics" && file.stem() == "registry") continue;
      EXPECT_THAT(lines_quoting_metrics(file), testing::IsEmpty()) << file;
    }
  }
}

TEST(Registry, TheRecipeNamesFilesThatExist) {
  const std::string recipe = section("Adding a metric");
  const std::regex path("`([a-z_]+(/[a-z_]+)+\\.[a-z]+)`");
  std::set<std::string> named;
  for (auto m = std::sregex_iterator(recipe.begin(), recipe.end(), path); m != std::sregex_iterator(); ++m) {
    named.insert((*m)[1]);
    EXPECT_TRUE(fs::exists(kSource / (*m)[1].str())) << (*m)[1];
  }
  EXPECT_THAT(named, testing::IsSupersetOf({"results/metrics/registry.cpp", "tests/oracle/cell_statistics.py",
                                            "docs/statistics.md", "results/store/schema.h"}));
}

}  // namespace
}  // namespace mtlgrid
