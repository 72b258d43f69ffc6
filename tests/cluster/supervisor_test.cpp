#include "cluster/supervisor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/errors.h"
#include "cluster/host.h"
#include "cluster/process.h"

namespace mtlgrid {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Asks again every millisecond until `done`; gives up after a minute, far beyond what any of these takes.
bool eventually(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    poll(nullptr, 0, 1);
  }
  return true;
}

bool has_children() { return waitpid(-1, nullptr, WNOHANG) == 0; }

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    std::string name = ::testing::TempDir() + "mtlgrid-supervisor-XXXXXX";
    folder_ = mkdtemp(name.data());
    command_.executable = MTLGRID_FAKE_TRAINER;
    command_.log_folder = folder_ / "logs";
  }
  ~SupervisorTest() override {
    trainers_.reset();
    std::filesystem::remove_all(folder_);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a process was left behind";
    EXPECT_EQ(errno, ECHILD);
  }

  void make(double grace = 5) { trainers_ = make_trainer_processes(command_, grace); }
  void start_all(double grace = 5) {
    make(grace);
    for (int slot = 0; slot < command_.slots; ++slot) trainers_->start(slot);
  }
  void tell(const json& message, int slot = 0) { trainers_->send(slot, message); }
  TrainerEvent next_event() {
    const bool came = eventually([&] {
      for (auto& event : trainers_->poll()) events_.push_back(std::move(event));
      return !events_.empty();
    });
    if (!came) throw std::runtime_error("no event came");
    TrainerEvent event = std::move(events_.front());
    events_.erase(events_.begin());
    return event;
  }
  TrainerMessage next_message() { return std::get<TrainerMessage>(next_event()); }
  TrainerDied next_death() { return std::get<TrainerDied>(next_event()); }
  json ask(const json& question, int slot = 0) {
    tell(question, slot);
    return next_message().message;
  }
  int pid_of(int slot = 0) { return ask({{"type", "surroundings"}}, slot)["pid"]; }
  std::filesystem::path log_of(int slot) const {
    return folder_ / "logs" / (host_name() + "-0-" + std::to_string(slot) + ".log");
  }

  std::filesystem::path folder_;
  TrainerCommand command_;
  std::unique_ptr<Trainers> trainers_;
  std::vector<TrainerEvent> events_;
};

TEST_F(SupervisorTest, MessagesGoThereAndBack) {
  command_.slots = 2;
  start_all();
  tell({{"type", "echo"}, {"number", 7}}, 1);
  const auto message = next_message();
  EXPECT_EQ(message.slot, 1);
  EXPECT_EQ(message.message["number"], 7);
  EXPECT_TRUE(trainers_->running(0));
}

TEST_F(SupervisorTest, MessagesLargerThanAPipeGoBothWays) {
  start_all();
  const std::string large(20'000'000, 'y');
  for (int i = 0; i < 3; ++i) tell({{"type", "echo"}, {"number", i}, {"text", large}});
  for (int i = 0; i < 3; ++i) {
    const auto message = next_message().message;
    EXPECT_EQ(message["number"], i);
    EXPECT_TRUE(message["text"] == large);
  }
}

TEST_F(SupervisorTest, AFloodFromOneTrainerDoesNotKeepPollFromReturning) {
  start_all();
  tell({{"type", "flood"}, {"count", 200}, {"size", 1'000'000}});
  for (int i = 0; i < 200; ++i) {
    const auto events = trainers_->poll();
    EXPECT_LE(events.size(), 5u);  // 4 MiB and what was begun before
  }
  int next = 0;
  EXPECT_TRUE(eventually([&] {
    for (const auto& event : trainers_->poll()) next = std::get<TrainerMessage>(event).message["number"].get<int>() + 1;
    return next == 200;
  }));
}

TEST_F(SupervisorTest, ASignalIsNamedAndTheLogIsQuoted) {
  start_all();
  tell({{"type", "log"}, {"text", "step 3: assertion failed\n"}});
  tell({{"type", "signal"}, {"number", SIGSEGV}});
  const auto died = next_death();
  EXPECT_EQ(died.cause, "killed by signal 11 (SIGSEGV)");
  EXPECT_EQ(died.detail, "step 3: assertion failed");
  EXPECT_FALSE(trainers_->running(0));
}

TEST_F(SupervisorTest, AnExitStatusIsNamed) {
  start_all();
  tell({{"type", "exit"}, {"status", 1}});
  EXPECT_EQ(next_death().cause, "exited with status 1");
}

TEST_F(SupervisorTest, DetailHoldsTheLastLinesOfThisProcessAlone) {
  start_all();
  tell({{"type", "log"}, {"text", "of the first process\n"}});
  tell({{"type", "exit"}, {"status", 1}});
  EXPECT_EQ(next_death().detail, "of the first process");
  trainers_->start(0);
  std::string lines;
  for (int i = 1; i <= 30; ++i) lines += "line " + std::to_string(i) + "\n";
  tell({{"type", "log"}, {"text", lines}});
  tell({{"type", "exit"}, {"status", 1}});
  const auto detail = next_death().detail;
  EXPECT_THAT(detail, StartsWith("line 11\nline 12\n"));
  EXPECT_THAT(detail, EndsWith("\nline 30"));
  std::ifstream log(log_of(0));
  std::string first;
  std::getline(log, first);
  EXPECT_EQ(first, "of the first process") << "the log is appended to";
}

TEST_F(SupervisorTest, WhatItSaidBeforeDyingComesBeforeItsDeath) {
  start_all();
  tell({{"type", "flood"}, {"count", 50}, {"size", 1000}});
  tell({{"type", "exit"}, {"status", 0}});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(next_message().message["number"], i);
  EXPECT_EQ(next_death().cause, "exited with status 0");
  EXPECT_THAT(trainers_->poll(), IsEmpty());
}

TEST_F(SupervisorTest, DyingInTheMiddleOfAMessageIsSaid) {
  start_all();
  tell({{"type", "echo"}, {"number", 1}});
  tell({{"type", "raw"}, {"bytes", std::string("\x40\x00\x00\x00\x81", 5)}});
  tell({{"type", "signal"}, {"number", SIGKILL}});
  EXPECT_EQ(next_message().message["number"], 1);
  const auto died = next_death();
  EXPECT_EQ(died.cause, "killed by signal 9 (SIGKILL)");
  EXPECT_THAT(died.detail, HasSubstr("middle of a message"));
}

TEST_F(SupervisorTest, BytesThatAreNoMessageEndTheProcess) {
  const std::vector<std::string> cases{
      "Intel MKL WARNING: this is no frame at all\n",  // a length above the limit
      std::string("\x01\x00\x00\x00\xc1", 5),          // a byte that MessagePack never uses
      std::string("\x01\x00\x00\x00\x07", 5),          // a number
      std::string("\x01\x00\x00\x00\x80", 5),          // an object without a type
  };
  make();
  for (const auto& bytes : cases) {
    trainers_->start(0);
    tell({{"type", "echo"}, {"number", 1}});
    tell({{"type", "raw"}, {"bytes", bytes}});
    EXPECT_EQ(next_message().message["number"], 1);
    EXPECT_THAT(next_death().cause, StartsWith("broken stream: "));
  }
}

TEST_F(SupervisorTest, ATrainerThatClosesItsOutputIsEnded) {
  start_all();
  tell({{"type", "close output"}});
  EXPECT_EQ(next_death().cause, "broken stream: it closed its stdout and did not exit");
}

TEST_F(SupervisorTest, WritingToATrainerThatReadsNoMoreIsNoError) {
  start_all();
  const int pid = pid_of();
  tell({{"type", "close input"}});
  EXPECT_TRUE(eventually([&] {
    std::error_code error;
    return !std::filesystem::exists("/proc/" + std::to_string(pid) + "/fd/0", error);
  }));
  tell({{"type", "echo"}});  // an unhandled SIGPIPE would end this program
  EXPECT_TRUE(trainers_->running(0));
  trainers_->kill(0);
  EXPECT_EQ(next_death().cause, "killed by signal 9 (SIGKILL)");
}

TEST_F(SupervisorTest, SendingToASlotWithoutAProcessIsIgnored) {
  make();
  tell({{"type", "echo"}});
  trainers_->kill(0);
  EXPECT_THAT(trainers_->poll(), IsEmpty());
  trainers_->start(0);
  EXPECT_EQ(ask({{"type", "echo"}, {"number", 2}})["number"], 2);
}

TEST_F(SupervisorTest, KillingOneTrainerLeavesTheOthers) {
  command_.slots = 3;
  start_all();
  tell({{"type", "hang"}}, 1);
  trainers_->kill(1);
  const auto died = next_death();
  EXPECT_EQ(died.slot, 1);
  EXPECT_EQ(died.cause, "killed by signal 9 (SIGKILL)");
  EXPECT_EQ(ask({{"type", "echo"}, {"number", 3}}, 2)["number"], 3);
  trainers_->start(1);
  EXPECT_EQ(ask({{"type", "echo"}, {"number", 4}}, 1)["number"], 4);
}

TEST_F(SupervisorTest, StartingARunningTrainerThrows) {
  start_all();
  EXPECT_THROW(trainers_->start(0), Error);
}

TEST_F(SupervisorTest, AStartThatTheSystemRefusesIsReported) {
  command_.executable = folder_ / "trainer";
  std::ofstream(command_.executable) << "no program";
  std::filesystem::permissions(command_.executable, std::filesystem::perms::owner_all);
  start_all();
  EXPECT_FALSE(trainers_->running(0));
  const auto died = next_death();
  EXPECT_EQ(died.cause, "not started");
  EXPECT_THAT(died.detail, HasSubstr("Exec format error"));
}

TEST_F(SupervisorTest, AMissingExecutableIsAnErrorAtOnce) {
  command_.executable = folder_ / "nothing";
  EXPECT_THROW(make(), Error);
}

TEST_F(SupervisorTest, ALogThatCannotBeMadeEndsNothing) {
  std::ofstream(folder_ / "file") << "in the way";
  command_.log_folder = folder_ / "file" / "logs";
  start_all();
  EXPECT_TRUE(ask({{"type", "surroundings"}}).contains("environment"));
}

TEST_F(SupervisorTest, ATrainerGetsItsEnvironmentAndNotTheLaunchers) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "SLURM_JOB_ID"}) setenv(name, "1", 1);
  command_.slots = 2;
  command_.threads = 3;
  command_.gpus = {{"GPU-a", "NVIDIA A"}, {"GPU-b", "NVIDIA B"}};
  start_all();
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "SLURM_JOB_ID"}) unsetenv(name);
  const auto environment = ask({{"type", "surroundings"}}, 1)["environment"];
  for (const auto& [name, value] : environment.items()) {
    EXPECT_THAT(name, Not(::testing::AnyOf(StartsWith("OMPI_"), StartsWith("PMI"), StartsWith("SLURM_"))));
  }
  EXPECT_EQ(environment["OMP_NUM_THREADS"], "3");
  EXPECT_EQ(environment["MKL_NUM_THREADS"], "3");
  EXPECT_EQ(environment["CUDA_VISIBLE_DEVICES"], "GPU-b");
  EXPECT_EQ(environment["MTLGRID_GPU"], "NVIDIA B");
  EXPECT_EQ(environment["MTLGRID_PARENT"], std::to_string(getpid()));
  EXPECT_EQ(environment["PATH"], std::getenv("PATH"));
}

TEST_F(SupervisorTest, ATrainerWithoutAGpuSeesNone) {
  start_all();
  EXPECT_EQ(ask({{"type", "surroundings"}})["environment"]["CUDA_VISIBLE_DEVICES"], "");
}

TEST_F(SupervisorTest, ATrainerInheritsNoDescriptorsAndNoSignals) {
  command_.slots = 2;
  const int open = ::open("/dev/null", O_RDONLY);  // not close-on-exec
  const auto before = std::signal(SIGUSR1, SIG_IGN);
  sigset_t mask, old;
  sigemptyset(&mask);
  sigaddset(&mask, SIGTERM);
  sigprocmask(SIG_BLOCK, &mask, &old);
  start_all();
  sigprocmask(SIG_SETMASK, &old, nullptr);
  std::signal(SIGUSR1, before);
  close(open);
  const auto facts = ask({{"type", "surroundings"}}, 1);
  EXPECT_THAT(facts["descriptors"].get<std::vector<int>>(), ElementsAre(0, 1, 2));
  EXPECT_THAT(facts["signals"].get<std::vector<int>>(), IsEmpty());
  EXPECT_EQ(facts["group"], facts["pid"]);
  EXPECT_NE(facts["group"], getpgrp());
}

TEST_F(SupervisorTest, EachSlotIsBoundToItsCores) {
  command_.slots = 2;
  command_.cpus = allowed_cpus();
  if (command_.cpus.size() < 2) GTEST_SKIP() << "needs two cores";
  start_all();
  for (std::size_t slot = 0; slot < 2; ++slot) {
    const auto facts = ask({{"type", "surroundings"}}, static_cast<int>(slot));
    EXPECT_THAT(facts["cpus"].get<std::vector<int>>(), ElementsAre(command_.cpus[slot]));
  }
  EXPECT_EQ(allowed_cpus(), command_.cpus) << "this process's own cores are as before";
}

TEST_F(SupervisorTest, DestructionEndsIdleTrainersByEndOfPipe) {
  command_.slots = 3;
  start_all(60);  // were it to wait for the grace, the test would time out
  trainers_.reset();
  EXPECT_FALSE(has_children());
}

TEST_F(SupervisorTest, DestructionKillsTrainersThatHang) {
  command_.slots = 2;
  start_all(0.05);
  tell({{"type", "hang"}}, 0);
  tell({{"type", "flood"}, {"count", 1'000'000}, {"size", 100'000}}, 1);
  trainers_.reset();
  EXPECT_FALSE(has_children());
}

TEST_F(SupervisorTest, WhatATrainerStartedGoesWithIt) {
  start_all();
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans become ours, so their end can be seen
  const pid_t grandchild = ask({{"type", "child"}})["pid"];
  tell({{"type", "exit"}, {"status", 0}});
  next_death();
  int status = 0;
  EXPECT_TRUE(eventually([&] { return waitpid(grandchild, &status, WNOHANG) == grandchild; }));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

// A rank of its own process, which can be killed.
class Rank {
 public:
  Rank(int trainers, const std::filesystem::path& folder)
      : process_(spawn({.executable = MTLGRID_FAKE_RANK,
                        .arguments = {MTLGRID_FAKE_TRAINER, std::to_string(trainers), folder.string()},
                        .environment = {},
                        .cpus = {},
                        .log = folder / "rank.log"})) {}
  std::vector<pid_t> trainers(std::size_t count) {
    std::string text;
    eventually([&] {
      char buffer[256];
      const ssize_t n = read(process_.output.get(), buffer, sizeof(buffer));
      if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
      return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == count;
    });
    std::istringstream lines(text);
    std::vector<pid_t> pids;
    for (pid_t pid = 0; lines >> pid;) pids.push_back(pid);
    return pids;
  }
  void kill_it() {
    kill(process_.pid, SIGKILL);
    waitpid(process_.pid, nullptr, 0);
  }

 private:
  ChildProcess process_;
};

TEST_F(SupervisorTest, KillingTheRankKillsItsTrainers) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  Rank rank(3, folder_);
  const auto trainers = rank.trainers(3);
  ASSERT_EQ(trainers.size(), 3u);
  rank.kill_it();
  for (const pid_t pid : trainers) {
    int status = 0;
    EXPECT_TRUE(eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; })) << pid << " lives on";
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace mtlgrid
