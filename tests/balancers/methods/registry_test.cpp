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
  EXPECT_EQ(names, paper_method_names());
  EXPECT_EQ(names, method_names());
  EXPECT_EQ(names,
            (std::vector<std::string>{"baseline", "naive", "dwa", "uncert", "autol", "graddrop", "pcgrad", "cagrad",
                                      "dwa+graddrop", "dwa+pcgrad", "dwa+cagrad", "uncert+graddrop", "uncert+pcgrad",
                                      "uncert+cagrad", "autol+graddrop", "autol+pcgrad", "autol+cagrad"}));
}

TEST(Registry, HoldsEveryCombinationOnceAndOneBaseline) {
  std::set<std::pair<std::string, std::string>> combinations;
  int single = 0;
  for (const Method& m : methods()) {
    EXPECT_EQ(&method(m.name), &m);
    EXPECT_EQ(is_joint(m.name), m.joint);
    if (m.joint) {
      combinations.insert({m.weighting.name, m.aggregation.name});
    } else {
      ++single;
      EXPECT_EQ(m.name, "baseline");
      EXPECT_FALSE(m.separate_gradients());
    }
  }
  EXPECT_EQ(combinations.size(), 16U);
  EXPECT_EQ(single, 1);
}

TEST(Registry, NamesAreMadeOfTheirParts) {
  const auto parts = [](const std::string& name) {
    return method(name).weighting.name + " " + method(name).aggregation.name;
  };
  EXPECT_EQ(parts("naive"), "equal none");
  EXPECT_EQ(parts("dwa"), "dwa none");
  EXPECT_EQ(parts("cagrad"), "equal cagrad");
  EXPECT_EQ(parts("autol+graddrop"), "autol graddrop");
}

TEST(Registry, StepsThatNeedEveryTasksGradientAreKnown) {
  std::vector<std::string> one_backward_pass;
  for (const Method& m : methods()) {
    if (!m.separate_gradients()) one_backward_pass.push_back(m.name);
  }
  EXPECT_EQ(one_backward_pass, (std::vector<std::string>{"baseline", "naive", "dwa", "uncert"}));
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

// docs/methods.md has a row for every setting (and a section for every row of the registry: recipe_test.cpp).
TEST(Protocol, SettingsAreDocumented) {
  std::ifstream file(std::string(MTLGRID_SOURCE) + "/docs/methods.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const nlohmann::json settings = Protocol::paper();
  for (const auto& [key, value] : settings.items()) {
    if (key == "name") continue;
    EXPECT_NE(page.find("| `" + key + "` |"), std::string::npos) << key;
  }
}

}  // namespace
}  // namespace mtlgrid
