#include "base/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/exit_status.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;

TEST(Problems, SameLineIsAddedOnce) {
  Problems p;
  p.add("a");
  p.collect([] { throw InputError(std::vector<std::string>{"b", "a"}); });
  EXPECT_THAT(p.lines(), ElementsAre("a", "b"));
  EXPECT_THROW(p.throw_if_any(), InputError);
}

TEST(Problems, OtherErrorsArePassedOn) {
  Problems p;
  EXPECT_THROW(p.collect([] { throw Error(ErrorKind::fatal, "x"); }), Error);
  EXPECT_TRUE(p.empty());
  EXPECT_NO_THROW(p.throw_if_any());
}

TEST(InputErrorTest, JoinsItsProblemsByLines) {
  const InputError error(std::vector<std::string>{"clini.csv, row 2: a", "clini.csv, row 3: b"});
  EXPECT_STREQ(error.what(), "clini.csv, row 2: a\nclini.csv, row 3: b");
  EXPECT_THAT(error.problems(), ElementsAre("clini.csv, row 2: a", "clini.csv, row 3: b"));
  EXPECT_EQ(error.kind(), ErrorKind::bad_input);
}

TEST(ExitStatusTest, FollowsTheCategory) {
  EXPECT_EQ(exit_status(ErrorKind::bad_input), kBadInput);
  EXPECT_EQ(exit_status(ErrorKind::cell_failed), kSomeFailed);
  EXPECT_EQ(exit_status(ErrorKind::out_of_memory), kSomeFailed);
  EXPECT_EQ(exit_status(ErrorKind::fatal), kFatal);
  EXPECT_EQ(exit_status(ErrorKind::needs_person), kNeedsPerson);
}

}  // namespace
}  // namespace mtlgrid
