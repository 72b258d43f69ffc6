#include "datasets/splits/folds.h"

#include <nlohmann/json.hpp>
#include <numeric>

#include "datasets/splits/scaling.h"
#include "tests/datasets/support.h"
#include "tests/oracle/oracle.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;
using Ints = std::vector<int>;

Ints mode(const Ints& counts, int draws, std::uint32_t seed) {
  NumpyRandom random(seed);
  return approximate_mode(counts, draws, random);
}

TEST(NumpyRandom, DrawsAsRandomState) {
  NumpyRandom random(1337);
  for (const std::uint32_t expected : {1125387415u, 2407456957u, 681542492u, 913057000u, 1194544295u}) {
    EXPECT_EQ(random.next(), expected);
  }
}

TEST(NumpyRandom, PermutesAsRandomState) {
  EXPECT_THAT(NumpyRandom(1337).permutation(10), ElementsAre(6, 3, 0, 4, 5, 2, 1, 9, 8, 7));
  EXPECT_THAT(NumpyRandom(0).permutation(10), ElementsAre(2, 8, 4, 9, 1, 6, 7, 3, 0, 5));
  EXPECT_EQ(NumpyRandom(1337).permutation(20),
            (Ints{5, 3, 4, 0, 15, 11, 2, 12, 13, 1, 16, 17, 10, 14, 6, 9, 19, 18, 7, 8}));
  EXPECT_THAT(NumpyRandom(0).permutation(Ints{10, 11, 12, 13, 14, 15, 16, 17, 18, 19}),
              ElementsAre(12, 18, 14, 19, 11, 16, 17, 13, 10, 15));
  EXPECT_THAT(NumpyRandom(0).permutation(0), IsEmpty());
}

// KFold(5, shuffle) and the unstratified train_test_split are blocks of a permutation.
TEST(NumpyRandom, PermutationsGiveTheSpecsUnstratifiedSplits) {
  const Ints order = NumpyRandom(0).permutation(12);
  const std::vector<Ints> folds{{4, 6, 11}, {2, 8, 10}, {1, 7}, {3, 9}, {0, 5}};
  auto next = order.begin();
  for (const auto& fold : folds) {
    EXPECT_THAT(Ints(next, next + static_cast<std::ptrdiff_t>(fold.size())), UnorderedElementsAreArray(fold));
    next += static_cast<std::ptrdiff_t>(fold.size());
  }
  EXPECT_THAT(NumpyRandom(0).permutation(8), ElementsAre(6, 2, 1, 7, 3, 0, 5, 4));
}

TEST(NumpyRandom, AnIntervalOfOneNumberTakesNoDraw) {
  NumpyRandom random(1337);
  EXPECT_EQ(random.interval(0), 0u);
  EXPECT_EQ(random.next(), 1125387415u);
}

TEST(ApproximateMode, GivesTheSpecsVectors) {
  EXPECT_EQ(mode({4, 2}, 3, 0), (Ints{2, 1}));
  EXPECT_EQ(mode({5, 2}, 4, 0), (Ints{3, 1}));
  EXPECT_EQ(mode({2, 2, 2, 1}, 2, 0), (Ints{0, 1, 1, 0}));
  EXPECT_EQ(mode({2, 2, 2, 1}, 2, 42), (Ints{1, 1, 0, 0}));
  EXPECT_EQ(mode(Ints(7, 3), 10, 5), (Ints{1, 1, 2, 1, 2, 1, 2}));
  EXPECT_EQ(mode({10, 10}, 7, 1337), (Ints{4, 3}));
}

TEST(StratifiedKFold, GivesTheSpecsVectors) {
  Ints letters;
  for (const char c : std::string("bbaabacbca")) letters.push_back(c);
  EXPECT_THAT(stratified_k_fold(letters, 3, 1337),
              ElementsAre(ElementsAre(1, 4, 8, 9), ElementsAre(0, 3, 5), ElementsAre(2, 6, 7)));
  EXPECT_THAT(stratified_k_fold(letters, 3, 0),
              ElementsAre(ElementsAre(2, 4, 6, 7), ElementsAre(0, 3, 5), ElementsAre(1, 8, 9)));
}

const Ints kTwenty{1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0};

TEST(CrossValidation, GivesTheSpecsTwentyRows) {
  const auto folds = cross_validation(kTwenty, 5, 0.2, 1337);
  ASSERT_THAT(folds, SizeIs(5));
  EXPECT_EQ(folds[0].test, (Ints{6, 7, 10, 12}));
  EXPECT_EQ(folds[0].train, (Ints{3, 9, 13, 1, 2, 8, 18, 17, 5, 0, 4, 16}));
  EXPECT_EQ(folds[0].valid, (Ints{19, 15, 14, 11}));
  EXPECT_EQ(folds[1].test, (Ints{1, 4, 11, 18}));
  EXPECT_EQ(folds[1].train, (Ints{3, 9, 10, 6, 2, 8, 15, 17, 7, 0, 5, 16}));
  EXPECT_EQ(folds[1].valid, (Ints{19, 14, 13, 12}));
  EXPECT_EQ(folds[2].test, (Ints{2, 9, 14, 16}));
  EXPECT_EQ(folds[2].train, (Ints{8, 13, 1, 12, 4, 10, 19, 3, 17, 11, 7, 5}));
  EXPECT_EQ(folds[2].valid, (Ints{15, 0, 18, 6}));
  EXPECT_EQ(folds[3].test, (Ints{3, 5, 13, 17}));
  EXPECT_EQ(folds[3].train, (Ints{9, 14, 1, 12, 4, 10, 19, 2, 16, 11, 8, 7}));
  EXPECT_EQ(folds[3].valid, (Ints{15, 0, 18, 6}));
  EXPECT_EQ(folds[4].test, (Ints{0, 8, 15, 19}));
  EXPECT_EQ(folds[4].train, (Ints{7, 10, 6, 16, 3, 9, 18, 2, 17, 12, 5, 4}));
  EXPECT_EQ(folds[4].valid, (Ints{13, 1, 14, 11}));
}

TEST(StratifiedSplit, SortsTheClassesByTheirCodes) {
  EXPECT_EQ(stratified_split(kTwenty, 0.2, 1337).test, (Ints{17, 10, 13, 19}));
  Ints text_order;  // the strings 'MSI-H' (1) and 'MSS' (0) sort the other way round
  for (const int y : kTwenty) text_order.push_back(1 - y);
  EXPECT_EQ(stratified_split(text_order, 0.2, 1337).test, (Ints{15, 4, 18, 16}));
}

std::int64_t checksum(const Ints& rows) {
  std::int64_t w = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) w += static_cast<std::int64_t>(i + 1) * rows[i];
  return w % 1000003;
}
Ints head(const Ints& rows) { return {rows.begin(), rows.begin() + 5}; }

TEST(CrossValidation, GivesTheSpecs427Rows) {
  Ints y;
  for (int i = 0; i < 427; ++i) y.push_back(7919 * i % 100 < 30 ? 1 : 0);
  ASSERT_EQ(std::accumulate(y.begin(), y.end(), 0), 128);
  const auto folds = cross_validation(y, 5, 0.2, 1337);
  const struct {
    std::size_t fold, sizes[3];
    Ints test, train, valid;
    std::int64_t checks[3];
  } cases[] = {{0,
                {86, 272, 69},
                {2, 12, 14, 16, 23},
                {321, 46, 356, 115, 80},
                {323, 238, 162, 388, 232},
                {54736, 825390, 557916}},
               {2,
                {85, 273, 69},
                {4, 10, 19, 24, 33},
                {396, 62, 157, 289, 140},
                {319, 237, 162, 386, 232},
                {59623, 766541, 552671}},
               {4,
                {85, 273, 69},
                {9, 13, 18, 21, 25},
                {179, 47, 234, 114, 424},
                {321, 217, 162, 387, 212},
                {39522, 747226, 553176}}};
  for (const auto& c : cases) {
    const auto& fold = folds[c.fold];
    EXPECT_THAT(fold.test, SizeIs(c.sizes[0]));
    EXPECT_THAT(fold.train, SizeIs(c.sizes[1]));
    EXPECT_THAT(fold.valid, SizeIs(c.sizes[2]));
    EXPECT_EQ(head(fold.test), c.test);
    EXPECT_EQ(head(fold.train), c.train);
    EXPECT_EQ(head(fold.valid), c.valid);
    EXPECT_EQ(checksum(fold.test), c.checks[0]);
    EXPECT_EQ(checksum(fold.train), c.checks[1]);
    EXPECT_EQ(checksum(fold.valid), c.checks[2]);
  }
}

TEST(CrossValidation, EqualsScikitLearnOnManyShapes) {
  const auto& json = oracle_file("folds.json");
  ASSERT_GE(json.at("cases").size(), 20u);
  for (const auto& c : json.at("cases")) {
    const auto y = c.at("classes").get<Ints>();
    const auto folds = cross_validation(y, c.at("k"), c.at("validation"), c.at("seed"));
    ASSERT_EQ(folds.size(), c.at("folds").size());
    for (std::size_t f = 0; f < folds.size(); ++f) {
      const auto& expected = c.at("folds")[f];
      const std::string where = "n " + std::to_string(y.size()) + ", fold " + std::to_string(f);
      EXPECT_EQ(folds[f].test, expected.at("test").get<Ints>()) << where;
      EXPECT_EQ(folds[f].train, expected.at("train").get<Ints>()) << where;
      EXPECT_EQ(folds[f].valid, expected.at("valid").get<Ints>()) << where;
    }
  }
}

TEST(StratifiedKFold, RelabellingChangesNoFold) {
  Ints relabelled;
  for (const int y : kTwenty) relabelled.push_back(y == 1 ? -7 : 3);
  EXPECT_EQ(stratified_k_fold(kTwenty, 4, 9), stratified_k_fold(relabelled, 4, 9));
}

TEST(CrossValidation, FewerPatientsOfAClassThanFoldsAreRefused) {
  EXPECT_THAT(problems_of([] { cross_validation({0, 0, 0, 0, 0, 1, 1, 2}, 5, 0.2, 1); }),
              ElementsAre("2 patients of class 1, expected at least 5, one for each fold",
                          "1 patients of class 2, expected at least 5, one for each fold"));
}

TEST(StratifiedKFold, WhatScikitLearnRefusesIsRefused) {
  EXPECT_THAT(problems_of([] { stratified_k_fold({0, 1}, 1, 1); }), ElementsAre("1 folds, expected at least 2"));
  EXPECT_THAT(problems_of([] { stratified_k_fold({0, 1, 0}, 3, 1); }), ElementsAre(HasSubstr("at most 2 patients")));
  EXPECT_THAT(problems_of([] { stratified_k_fold({}, 5, 1); }), ElementsAre(HasSubstr("at most 0 patients")));
}

TEST(StratifiedSplit, WhatScikitLearnRefusesIsRefused) {
  EXPECT_THAT(problems_of([] { stratified_split({0, 0, 0, 1}, 0.5, 1); }), ElementsAre(HasSubstr("has 1 patient")));
  EXPECT_THAT(problems_of([] { stratified_split({0, 0, 1, 1}, 0.2, 1); }), ElementsAre(HasSubstr("3 and 1")));
  EXPECT_THAT(problems_of([] { stratified_split({0, 0, 1, 1}, 0.7, 1); }), ElementsAre(HasSubstr("1 and 3")));
  for (const double share : {0.0, 1.0, -0.1, 1.5, std::nan("")}) {
    EXPECT_THROW(stratified_split(kTwenty, share, 1), InputError) << share;
  }
  EXPECT_THROW(stratified_split({}, 0.2, 1), InputError);
}

TEST(MinMax, ScalesAndUnscales) {
  const MinMax fit = MinMax::fit({3, -1, 7});
  EXPECT_EQ(fit.scale(-1), 0);
  EXPECT_EQ(fit.scale(7), 1);
  EXPECT_EQ(fit.scale(11), 1.5);  // not clipped
  EXPECT_EQ(fit.unscale(fit.scale(4.25)), 4.25);
}

TEST(MinMax, AConstantTargetHasRangeOne) {
  EXPECT_EQ(MinMax::fit({2, 2}).scale(5), 3);
  EXPECT_EQ(MinMax::fit({1, 1 + 2.220446049250313e-16}).range, 1);  // below scikit-learn's 10 epsilons
  EXPECT_EQ(MinMax::fit({0, 1e-14}).range, 1e-14);
}

TEST(MinMax, NoValuesAndNonFiniteOnesAreFaultsOfTheProgram) {
  EXPECT_THROW(MinMax::fit({}), Error);
  EXPECT_THROW(MinMax::fit({1, std::nan("")}), Error);
}

}  // namespace
}  // namespace mtlgrid::testing
