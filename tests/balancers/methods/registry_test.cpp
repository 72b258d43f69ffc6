#include "balancers/methods/registry.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

#include "balancers/methods/protocol.h"

namespace mtlgrid {
namespace {

TEST(Registry, HoldsTheSeventeenRowsOfThePapersTablesInTheirOrder) {
  std::vector<std::string> names;
  for (const Method& m : methods()) names.push_back(m.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"baseline", "naive", "dwa", "uncert", "autol", "graddrop", "pcgrad", "cagrad",
                                      "dwa+graddrop", "dwa+pcgrad", "dwa+cagrad", "uncert+graddrop", "uncert+pcgrad",
                                      "uncert+cagrad", "autol+graddrop", "autol+pcgrad", "autol+cagrad"}));
}

TEST(Registry, HoldsEveryCombinationOnceAndOneBaseline) {
  std::set<std::pair<Weighting, Aggregation>> combinations;
  int single = 0;
  for (const Method& m : methods()) {
    if (m.joint) {
      combinations.insert({m.weighting, m.aggregation});
    } else {
      ++single;
      EXPECT_EQ(m.name, "baseline");
    }
  }
  EXPECT_EQ(combinations.size(), 16U);
  EXPECT_EQ(single, 1);
}

// The name says what the method does, so a slip in one row of the registry shows.
TEST(Registry, NamesAreMadeOfTheirParts) {
  const char* weightings[] = {"", "dwa", "uncert", "autol"};
  const char* aggregations[] = {"", "graddrop", "pcgrad", "cagrad"};
  for (const Method& m : methods()) {
    if (!m.joint) continue;
    std::string name = weightings[static_cast<int>(m.weighting)];
    const std::string aggregation = aggregations[static_cast<int>(m.aggregation)];
    if (!name.empty() && !aggregation.empty()) name += "+";
    name += aggregation;
    EXPECT_EQ(m.name, name.empty() ? "naive" : name);
    EXPECT_EQ(&method(m.name), &m);
  }
}

TEST(Registry, UnknownNameThrows) {
  EXPECT_THROW(method("cagrad+autol"), std::invalid_argument);
  EXPECT_THROW(method(""), std::invalid_argument);
}

TEST(Protocol, ReleasedCodeDepartsInEverySetting) {
  const nlohmann::json paper = Protocol::paper(), released = Protocol::released_code();
  ASSERT_EQ(paper.size(), released.size());
  for (const auto& [key, value] : paper.items()) EXPECT_NE(value, released.at(key)) << key;
}

TEST(Protocol, SettingsSurviveJson) {
  const nlohmann::json released = Protocol::released_code();
  EXPECT_EQ(nlohmann::json(released.get<Protocol>()), released);
}

// docs/methods.md has a row for every setting and a section for every part of a method's name.
TEST(Methods, AreDocumented) {
  std::ifstream file(std::string(MTLGRID_SOURCE) + "/docs/methods.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const nlohmann::json settings = Protocol::paper();
  for (const auto& [key, value] : settings.items()) {
    if (key == "name") continue;
    EXPECT_NE(page.find("| `" + key + "` |"), std::string::npos) << key;
  }
  for (const char* part : {"equal", "dwa", "uncert", "autol", "none", "graddrop", "pcgrad", "cagrad"}) {
    EXPECT_NE(page.find("\n### " + std::string(part) + "\n"), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace mtlgrid
