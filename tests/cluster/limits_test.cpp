// Limits of the machine that trainers meet: told apart from faults of their own.
#include "base/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "cluster/process.h"
#include "cluster/supervisor.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

// No further file can be opened while it lives.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none = {3, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreFiles(const NoMoreFiles&) = delete;
  NoMoreFiles& operator=(const NoMoreFiles&) = delete;

 private:
  rlimit before_{};
};

class TrainerLimits : public ::testing::Test {
 protected:
  TrainerLimits() {
    std::string name = ::testing::TempDir() + "mtlgrid-limits-XXXXXX";
    folder_ = mkdtemp(name.data());
    command_.executable = MTLGRID_FAKE_TRAINER;
    command_.log_folder = folder_ / "grid.db.d/grid-1/logs";
    trainers_ = make_trainer_processes(command_);
  }
  ~TrainerLimits() override {
    trainers_.reset();
    std::filesystem::remove_all(folder_);
  }
  TrainerDied next_death() {
    for (;;) {
      for (auto& event : trainers_->poll()) {
        if (auto* died = std::get_if<TrainerDied>(&event)) return std::move(*died);
      }
      ::poll(nullptr, 0, 1);
    }
  }

  std::filesystem::path folder_;
  TrainerCommand command_;
  std::unique_ptr<Trainers> trainers_;
};

TEST_F(TrainerLimits, ProcessorTimeIsTheMachines) {
  trainers_->start(0);
  trainers_->send(0, {{"type", "signal"}, {"number", SIGXCPU}});
  const TrainerDied died = next_death();
  EXPECT_TRUE(died.limited);
  EXPECT_THAT(died.cause, HasSubstr("killed by signal 24 (SIGXCPU); processor time is limited here (ulimit -t)"));
  trainers_->start(0);
  trainers_->send(0, {{"type", "signal"}, {"number", SIGSEGV}});
  EXPECT_FALSE(next_death().limited);
}

TEST_F(TrainerLimits, ATrainerThatCannotBeStartedForALimitSaysWhich) {
  {
    const NoMoreFiles none;
    trainers_->start(0);
  }
  const TrainerDied died = next_death();
  EXPECT_TRUE(died.limited);
  EXPECT_EQ(died.cause, "not started");
  EXPECT_THAT(died.detail, HasSubstr("Too many open files; a process may open"));
  EXPECT_THAT(died.detail, Not(HasSubstr("process.cpp"))) << "nothing of where it was built";
}

TEST_F(TrainerLimits, TheFolderOfLogsIsMadeAgainBelowAStoreThatIsThere) {
  trainers_->start(0);
  trainers_->kill(0);
  next_death();
  std::filesystem::remove_all(folder_ / "grid.db.d");
  trainers_->start(0);
  EXPECT_TRUE(std::filesystem::is_directory(command_.log_folder));
  trainers_->kill(0);
  next_death();
  std::filesystem::remove_all(folder_);
  trainers_->start(0);
  EXPECT_FALSE(std::filesystem::exists(folder_)) << "a store that was moved away gets no second place";
  trainers_->kill(0);
  next_death();
}

}  // namespace
}  // namespace mtlgrid
