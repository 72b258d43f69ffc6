#include "datasets/splits/grouped_folds.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "tests/datasets/support.h"
#include "tests/oracle/oracle.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ints = std::vector<int>;

std::set<int> groups_of(const Ints& rows, const Ints& group) {
  std::set<int> out;
  for (const int row : rows) out.insert(group[static_cast<std::size_t>(row)]);
  return out;
}

bool disjoint(const std::set<int>& a, const std::set<int>& b) {
  return std::none_of(a.begin(), a.end(), [&](int x) { return b.contains(x); });
}

// The largest deviation of a class count of a fold from the mean over folds.
double deviation(const std::vector<Ints>& tests, const Ints& classes) {
  double largest = 0;
  for (const int c : {0, 1}) {
    const double mean =
        static_cast<double>(std::count(classes.begin(), classes.end(), c)) / static_cast<double>(tests.size());
    for (const Ints& test : tests) {
      const auto count =
          std::count_if(test.begin(), test.end(), [&](int row) { return classes[static_cast<std::size_t>(row)] == c; });
      largest = std::max(largest, std::abs(static_cast<double>(count) - mean));
    }
  }
  return largest;
}

TEST(GroupedKFold, IsAtLeastAsBalancedAsScikitLearnOnManyShapes) {
  const auto& json = oracle_file("grouped_folds.json");
  ASSERT_GE(json.at("cases").size(), 12u);
  for (const auto& c : json.at("cases")) {
    const Ints classes = c.at("classes"), group = c.at("groups");
    const std::string where = "n " + std::to_string(classes.size());
    const GroupedTests ours = grouped_k_fold(classes, group, c.at("k"), c.at("seed"));
    const auto theirs = c.at("tests").get<std::vector<Ints>>();
    EXPECT_NEAR(ours.balance.largest, deviation(ours.test, classes), 1e-9) << where;
    EXPECT_LE(ours.balance.largest, deviation(theirs, classes)) << where;
    EXPECT_LE(ours.balance.possible, ours.balance.largest) << where;
    EXPECT_LE(ours.balance.largest, ours.balance.possible + 1) << where << ": within one patient of the best";
    EXPECT_TRUE(ours.every_class) << where;
    EXPECT_EQ(one_fold_per_group(group), c.at("leave_one_out").get<std::vector<Ints>>()) << where;
  }
}

TEST(GroupedKFold, EveryRowIsTestedOnceAndNoGroupTwice) {
  const auto& c = oracle_file("grouped_folds.json").at("cases").at(5);
  const Ints classes = c.at("classes"), group = c.at("groups");
  const auto tests = grouped_k_fold(classes, group, 5, 1).test;
  std::vector<int> tested(classes.size(), 0);
  for (std::size_t f = 0; f < tests.size(); ++f) {
    EXPECT_TRUE(std::is_sorted(tests[f].begin(), tests[f].end()));
    for (const int row : tests[f]) ++tested[static_cast<std::size_t>(row)];
    for (std::size_t g = 0; g < f; ++g) EXPECT_TRUE(disjoint(groups_of(tests[f], group), groups_of(tests[g], group)));
  }
  EXPECT_EQ(tested, std::vector<int>(classes.size(), 1));
}

TEST(GroupedKFold, FewerGroupsThanFoldsAreRefused) {
  EXPECT_THAT(problems_of([] { grouped_k_fold({0, 1, 0, 1}, {0, 0, 1, 1}, 3, 1); }),
              ElementsAre("2 site groups, expected at least 3, one for each fold"));
  EXPECT_THAT(problems_of([] { grouped_k_fold({0, 1}, {0, 1}, 1, 1); }), ElementsAre(HasSubstr("1 folds")));
}

TEST(GroupedKFold, SaysWhereAFoldLacksAClass) {
  EXPECT_FALSE(grouped_k_fold({1, 1, 0, 0, 0, 0}, {0, 0, 1, 1, 2, 2}, 2, 1).every_class);
  EXPECT_TRUE(grouped_k_fold({1, 0, 0, 1, 0, 0}, {0, 0, 1, 1, 2, 2}, 2, 1).every_class);
}

// Sixty sites of the sizes that a multi-centre cohort has, and 300.
TEST(GroupedKFold, SixtySitesAndThreeHundredAreWithinOnePatientOfTheBest) {
  for (const int sites : {60, 300}) {
    std::mt19937 random(static_cast<unsigned>(sites));
    Ints classes, group;
    for (int site = 0; site < sites; ++site) {
      const unsigned patients = 1 + (random() % 7) * (random() % 7) * (site % 10 == 0 ? 3 : 1);
      for (unsigned p = 0; p < patients; ++p) {
        classes.push_back(random() % 100 < 20 ? 1 : 0);
        group.push_back(site);
      }
    }
    const GroupedTests tests = grouped_k_fold(classes, group, 5, 1337);
    EXPECT_LE(tests.balance.largest, tests.balance.possible + 1) << sites;
    EXPECT_TRUE(tests.every_class);
  }
}

TEST(GroupedSplit, KeepsGroupsWholeAndComesNearTheShare) {
  const auto& c = oracle_file("grouped_folds.json").at("cases").at(9);
  const Ints classes = c.at("classes"), group = c.at("groups");
  const GroupedSplit split = grouped_split(classes, group, 0.2, 1);
  EXPECT_EQ(split.kept, GroupedValidation::whole);
  EXPECT_TRUE(disjoint(groups_of(split.train, group), groups_of(split.valid, group)));
  EXPECT_EQ(split.train.size() + split.valid.size(), classes.size());
  for (const int of : {0, 1}) {
    const auto count = [&](const Ints& rows) {
      return static_cast<double>(std::count_if(rows.begin(), rows.end(),
                                               [&](int row) { return classes[static_cast<std::size_t>(row)] == of; }));
    };
    EXPECT_NEAR(count(split.valid), 0.2 * (count(split.valid) + count(split.train)), 1.0);
  }
}

TEST(GroupedSplit, TrainingKeepsBothClassesEvenWhereValidationThenLacksOne) {
  const GroupedSplit split = grouped_split({1, 0, 1, 0, 0, 0}, {4, 4, 4, 4, 9, 9}, 0.6, 1);
  EXPECT_EQ(split.kept, GroupedValidation::lacks_class);
  EXPECT_THAT(split.valid, ElementsAre(4, 5));
}

TEST(GroupedSplit, SplitsRowsWhereGroupsCannotBeKept) {
  const Ints classes = {1, 0, 1, 0, 0, 1, 1, 0, 0, 0};
  const GroupedSplit one = grouped_split(classes, Ints(10, 3), 0.2, 1337);
  EXPECT_EQ(one.kept, GroupedValidation::by_row) << "one group";
  const TrainTest rows = stratified_split(classes, 0.2, 1337);
  EXPECT_EQ(one.train, rows.train);
  EXPECT_EQ(one.valid, rows.test);
  Ints by_class;
  for (const int c : classes) by_class.push_back(c);
  EXPECT_EQ(grouped_split(classes, by_class, 0.2, 1337).kept, GroupedValidation::by_row)
      << "training would lack a class";
}

}  // namespace
}  // namespace mtlgrid::testing
