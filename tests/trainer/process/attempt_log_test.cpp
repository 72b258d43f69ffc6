#include "trainer/process/attempt_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "results/store/layout.h"
#include "tests/trainer/contract/tiny_experiment.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

const Train kNaive = {{"MSI", "LF", "naive", 0}, 1, "", {}};
const Train kDwa = {{"MSI", "LF", "dwa", 0}, 1, "", {}};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(AttemptLog, HoldsWhatIsWrittenWhileItLivesForEveryMemberOfThePack) {
  const testing::TemporaryFolder folder;
  Train first = kNaive, second = kDwa;
  first.directory = folder.path() / "naive" / "attempt-1";
  second.directory = folder.path() / "dwa" / "attempt-3";
  Environment where;
  where.host = "n1";
  const mode_t mask = umask(077);
  for (int i = 0; i < 2; ++i) {  // a trainer that begins the attempt again appends
    const AttemptLog log({{first, second}}, where);
    std::fprintf(stderr, "line %d\n", i);
    std::printf("printed\n");
  }
  umask(mask);
  std::fprintf(stderr, "not in the log\n");
  for (const Train& member : {first, second}) {
    const std::string text = text_of(std::filesystem::path(member.directory) / kAttemptLog);
    EXPECT_THAT(text, HasSubstr("line 0\n"));
    EXPECT_THAT(text, HasSubstr("line 1\n"));
    EXPECT_THAT(text, HasSubstr("printed\n"));
    EXPECT_THAT(text, HasSubstr("on n1"));
    EXPECT_THAT(text, HasSubstr(second.cell.name() + " attempt 1"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("not in the log")));
  }
  struct stat status {};
  ASSERT_EQ(stat((std::filesystem::path(first.directory) / kAttemptLog).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u) << "the user's umask counts";
}

TEST(AttemptLog, ThatCannotBeMadeEndsNothing) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "";
  Train train = kNaive;
  train.directory = folder.path() / "file" / "attempt-1";
  ::testing::internal::CaptureStderr();
  {
    const AttemptLog log({{train}}, {});
    std::fprintf(stderr, "a line\n");
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::AllOf(HasSubstr("cannot be written (Not a directory)"), HasSubstr("a line\n")));
}

}  // namespace
}  // namespace mtlgrid
