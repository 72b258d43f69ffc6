// The recipe "Adding a method" of docs/methods.md is true: each of its rows holds for every method there is.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "balancers/methods/registry.h"

namespace mtlgrid {
namespace {

const std::string kPage = "docs/methods.md";

// Empty if the file does not exist.
std::string content(const std::string& file) {
  std::ifstream in(std::string(MTLGRID_SOURCE) + "/" + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The text between a line that starts with `begin` and the next that starts with `end`.
std::string part(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find("\n" + begin);
  if (from == std::string::npos) return "";
  const std::size_t to = text.find("\n" + end, from + 1 + begin.size());
  return text.substr(from, to == std::string::npos ? to : to - from);
}

struct Entry {
  std::string file, text;  // with <name> and <file> in the place of a method's
};

// The table behind the line `title` of the recipe.
std::vector<Entry> recipe(const std::string& title) {
  const std::regex row(R"(\| `([^`]+)` \| `([^`]+)`)");
  std::string table = part(part(content(kPage), "## Adding a method", "## "), title, "A ");
  std::vector<Entry> entries;
  for (std::smatch found; std::regex_search(table, found, row); table = found.suffix()) {
    entries.push_back({found[1].str(), found[2].str()});
  }
  return entries;
}

// The stem of the source that the section of a method links to.
std::string source_of(const std::string& name, const std::string& folder) {
  const std::string section = part(content(kPage), "### " + name + "\n", "##");
  std::smatch found;
  const std::regex link(R"(\.\./balancers/)" + folder + R"(/(\w+)\.cpp\))");
  return std::regex_search(section, found, link) ? found[1].str() : std::string();
}

std::string filled_in(std::string text, const std::string& name, const std::string& file) {
  text = std::regex_replace(text, std::regex("<name>"), name);
  return std::regex_replace(text, std::regex("<file>"), file);
}

void expect_recipe(const std::string& title, const std::string& folder, const std::vector<std::string>& names) {
  const std::vector<Entry> entries = recipe(title);
  EXPECT_EQ(entries.size(), 8U) << title;
  for (const std::string& name : names) {
    const std::string file = source_of(name, folder);
    EXPECT_NE(file, "") << kPage << ": the section '### " << name << "' has no link to balancers/" << folder;
    for (const Entry& entry : entries) {
      const std::string path = filled_in(entry.file, name, file), text = filled_in(entry.text, name, file);
      EXPECT_NE(content(path).find(text), std::string::npos) << name << ": '" << path << "' does not contain " << text;
    }
  }
}

TEST(Recipe, HoldsForEveryLossWeighting) {
  std::vector<std::string> names;
  for (const WeightingRow& row : weightings()) names.push_back(row.name);
  expect_recipe("A loss weighting:", "weightings", names);
}

TEST(Recipe, HoldsForEveryGradientAggregation) {
  std::vector<std::string> names;
  for (const AggregationRow& row : aggregations()) names.push_back(row.name);
  expect_recipe("A gradient aggregation:", "aggregations", names);
}

}  // namespace
}  // namespace mtlgrid
