#include "base/system_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

TEST(SystemErrors, SayWhatHappenedToWhichFileAndWhatToDo) {
  const SystemError error = system_error("/data/a.h5", EMFILE);
  EXPECT_THAT(error.what(), HasSubstr("/data/a.h5: cannot be read: Too many open files; a process may open "));
  EXPECT_THAT(error.what(), HasSubstr("(ulimit -n)"));
  EXPECT_EQ(error.cause(), "cannot be read: Too many open files");
  EXPECT_EQ(error.kind(), ErrorKind::needs_person);
}

TEST(SystemErrors, AdviceFitsTheError) {
  EXPECT_THAT(system_error("f", EACCES).advice(), HasSubstr("permission to read it"));
  EXPECT_THAT(system_error("f", EIO).advice(), HasSubstr("dmesg"));
  EXPECT_THAT(system_error("f", ESTALE).advice(), HasSubstr("mounted again"));
  EXPECT_EQ(system_error("f", EWOULDBLOCK).cause(), "cannot be read: locked: Resource temporarily unavailable");
  EXPECT_THAT(system_error("f", EWOULDBLOCK).advice(), HasSubstr("has it locked"));
  EXPECT_THAT(system_error("f", ENOENT).advice(), HasSubstr("was there"));
}

TEST(SystemErrors, SomePassByThemselves) {
  for (const int number : {EIO, ESTALE, EAGAIN, ETIMEDOUT, ENFILE, ETXTBSY})
    EXPECT_TRUE(system_error("f", number).may_pass());
  for (const int number : {0, EACCES, EMFILE, ENOENT}) EXPECT_FALSE(system_error("f", number).may_pass());
}

}  // namespace
}  // namespace mtlgrid
