#include "base/nearest.h"

#include <gtest/gtest.h>

namespace mtlgrid {
namespace {

TEST(Nearest, DistanceCountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("folds", ""), 5);
  EXPECT_EQ(edit_distance("folds", "folds"), 0);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("fodls", "folds"), 1) << "a swap of neighbours is one edit";
  EXPECT_EQ(edit_distance("ca", "abc"), 3) << "optimal string alignment edits no substring twice";
}

TEST(Nearest, LetterCaseDoesNotCount) { EXPECT_EQ(nearest("CAGRAD", {"graddrop", "cagrad"}), "cagrad"); }

TEST(Nearest, NothingKnownGivesNothing) {
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(did_you_mean("x", {}), "");
}

TEST(Nearest, FarWordsListWhatIsKnown) {
  EXPECT_EQ(did_you_mean("fold", {"seed", "folds"}), "; did you mean 'folds'?");
  EXPECT_EQ(did_you_mean("zzzzzz", {"seed", "folds"}), "; known: seed, folds");
}

}  // namespace
}  // namespace mtlgrid
