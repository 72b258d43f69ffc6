#include "orchestrator/session/ask_trainer.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/errors.h"
#include "tests/cluster/variables.h"
#include "tests/trainer/contract/tiny_experiment.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class AskTrainer : public ::testing::Test {
 protected:
  // Category and message of the failure where `script` is the trainer.
  std::pair<ErrorKind, std::string> failure(const std::string& script) {
    std::ofstream(file_) << "#!/bin/sh\n" << script;
    std::filesystem::permissions(file_, std::filesystem::perms::owner_all);
    const testing::Variables trainer({{"MTLGRID_TRAINER", file_.string()}});
    try {
      ask_trainer(DevicesRequest{}, 1, {0.05, 0.2, 0.6});
    } catch (const Error& e) {
      return {e.kind(), e.what()};
    }
    return {ErrorKind::fatal, "an answer"};
  }

 private:
  testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "trainer";
};

TEST_F(AskTrainer, OneThatComputesNothingIsSaidAndThenEnded) {
  ::testing::internal::CaptureStderr();
  const auto [kind, what] = failure("exec sleep 60");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(kind, ErrorKind::needs_person);
  EXPECT_THAT(what, AllOf(HasSubstr("has computed nothing for 1 s"), HasSubstr("it was ended; run the command again")));
  EXPECT_THAT(said, HasSubstr("it may be suspended, or wait for a file server"));
}

TEST_F(AskTrainer, OneThatComputesIsWaitedFor) {
  const auto [kind, what] = failure("i=0; while [ $i -lt 1500000 ]; do i=$((i+1)); done");
  EXPECT_EQ(kind, ErrorKind::fatal);
  EXPECT_EQ(what, "the trainer exited with status 0 without an answer");
}

TEST_F(AskTrainer, OneThatNeedsAPersonHasSaidWhy) {
  const auto [kind, what] = failure("exit 5");
  EXPECT_EQ(kind, ErrorKind::needs_person);
  EXPECT_EQ(what, "the trainer exited with status 5 without an answer; its reason is above");
}

}  // namespace
}  // namespace mtlgrid
