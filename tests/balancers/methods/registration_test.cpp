// Rows that are added to the registry. A program of its own: the registry is one a process.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "balancers/methods/registry.h"

namespace mtlgrid {
namespace {

bool listed(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

TEST(Registration, AddsEveryProductBehindThePapersMethods) {
  const std::vector<std::string> paper = method_names();
  ASSERT_EQ(paper.size(), 17U);
  register_aggregation({.name = "steady", .input = AggregationInput::gram});
  register_weighting({.name = "anneal"});
  const std::vector<std::string> all = method_names();
  EXPECT_EQ(std::vector<std::string>(all.begin(), all.begin() + 17), paper);
  EXPECT_EQ(paper_method_names(), paper);
  EXPECT_EQ(std::vector<std::string>(all.begin() + 17, all.end()),
            (std::vector<std::string>{"anneal", "steady", "dwa+steady", "uncert+steady", "autol+steady",
                                      "anneal+graddrop", "anneal+pcgrad", "anneal+cagrad", "anneal+steady"}));
  EXPECT_TRUE(method("dwa+steady").separate_gradients());
  EXPECT_FALSE(method("anneal").separate_gradients());
  EXPECT_FALSE(method("anneal+cagrad").paper);
}

TEST(Registration, RefusesNamesThatAreTakenOrMeanSomethingElse) {
  for (const char* name : {"cagrad", "dwa", "none", "naive", "baseline", "paper", "all", "dropout"}) {
    EXPECT_THROW(register_aggregation({.name = name}), std::invalid_argument) << name;
    EXPECT_THROW(register_weighting({.name = name}), std::invalid_argument) << name;
  }
}

TEST(Registration, RefusesNamesThatPathsAndListsCannotHold) {
  for (const char* name : {"", "a+b", "a/b", "a,b", "a b", "A", "\xc3\xa4"}) {
    EXPECT_THROW(register_aggregation({.name = name}), std::invalid_argument) << name;
    EXPECT_FALSE(listed(method_names(), name)) << name;
  }
}

}  // namespace
}  // namespace mtlgrid
