#include "orchestrator/commands/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;
using Verdict = Comparison::Verdict;

CellResult result() {
  CellResult r;
  r.cell = {"MSI", "LF", "naive", 0};
  r.best_epoch = 2;
  r.epochs = {{1, 0.7, 0.1, 0.6, NAN, 1, 1, 3.5}, {2, 0.6, 0.1, 0.5, 0.2, 1, 1, 3.4}};
  r.predictions = {{"test", "a", 1, 0.75, 1.1, 2.5, 2.25}, {"test", "b", 0, 0.25, -1.1, NAN, 1}};
  r.metrics = {{"test", "auroc", 1, 1, 1, 2, 0, ""}};
  r.embeddings = {{"test", "a", {1, 2}}, {"test", "b", {3, 4}}};
  return r;
}

TEST(CompareResults, SameResultInAnotherOrderAndAtAnotherSpeedIsBitEqual) {
  CellResult other = result();
  std::swap(other.predictions[0], other.predictions[1]);
  std::swap(other.embeddings[0], other.embeddings[1]);
  other.epochs[0].seconds = 99;
  EXPECT_EQ(compare_results(result(), other).verdict, Verdict::bit_equal);
}

TEST(CompareResults, LastBitIsSeen) {
  CellResult other = result();
  other.predictions[0].score = std::nextafter(other.predictions[0].score, 1);
  const auto comparison = compare_results(result(), other);
  EXPECT_EQ(comparison.verdict, Verdict::within_tolerance);
  EXPECT_THAT(comparison.text(), HasSubstr("prediction for a of test, score"));
}

TEST(CompareResults, FirstDifferenceIsNamed) {
  CellResult other = result();
  other.epochs[1].valid_classification = 0.9;
  other.predictions[0].score = 0.1;
  const auto comparison = compare_results(result(), other);
  EXPECT_EQ(comparison.verdict, Verdict::different);
  EXPECT_THAT(comparison.text(), HasSubstr("epoch 2, validation cross-entropy"));
}

TEST(CompareResults, MissingNumberAgainstANumberIsDifferent) {
  CellResult other = result();
  other.predictions[1].target = 1;
  EXPECT_EQ(compare_results(result(), other).verdict, Verdict::different);
}

TEST(CompareResults, FewerPatientsAreDifferent) {
  CellResult other = result();
  other.predictions.pop_back();
  EXPECT_EQ(compare_results(result(), other).verdict, Verdict::different);
}

TEST(CompareResults, DifferencesOfTheEnvironmentAreNamed) {
  CellResult other = result();
  other.environment.threads = 2;
  EXPECT_THAT(compare_results(result(), other).text(), HasSubstr("threads: 1 against 2"));
}

}  // namespace
}  // namespace mtlgrid
