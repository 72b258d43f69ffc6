// `mtlgrid status` as a user meets it: wrong names, the live view with and without a terminal.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "results/store/store.h"
#include "tests/orchestrator/commands/program.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_program;
using ::testing::StartsWith;

// A store of one pair, two methods and two folds, that this process holds as a run does until end().
class StatusProgram : public ::testing::Test {
 protected:
  StatusProgram() : file_((scratch_.path() / "grid.db").string()) {
    store_.emplace(Store::open(file_, [](const std::string&) {}, 25));
    GridRecord grid;
    grid.identity = "abc";
    grid.settings = {{"seed", 1}};
    for (const char* method : {"naive", "cagrad"}) {
      for (int fold = 0; fold < 2; ++fold) grid.cells.push_back({"MSI", "LF", method, fold});
    }
    store_->use_grid(grid);
    store_->publish_snapshot();
  }
  void end(int status) {
    store_->write_done(status, {{"total", 4}, {"done", 4}, {"failed", 0}, {"pending", 0}});
    store_.reset();
  }

  testing::Scratch scratch_;
  std::string file_;
  std::optional<Store> store_;
};

// A program on a terminal of 80 x 24.
class OnTerminal {
 public:
  explicit OnTerminal(std::vector<std::string> words) {
    winsize size = {24, 80, 0, 0};
    words[0] = std::string(MTLGRID_BUILD) + "/" + words[0];
    pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
  }
  ~OnTerminal() {
    if (status_ == kRunning) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(terminal_);
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  // Reads until `part` was shown `times` times; fails after a minute.
  void await(const std::string& part, int times = 1) {
    while (count(part) < times) ASSERT_TRUE(read_some()) << "no '" << part << "' in\n" << shown_;
  }
  void press_ctrl_c() { ASSERT_EQ(write(terminal_, "\x03", 1), 1); }
  // Waits for the end; the exit status.
  int end() {
    while (read_some()) {
    }
    waitpid(pid_, &status_, 0);
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }
  const std::string& shown() const { return shown_; }

 private:
  static constexpr int kRunning = -1;
  int count(const std::string& part) const {
    int n = 0;
    for (std::size_t at = shown_.find(part); at != std::string::npos; at = shown_.find(part, at + 1)) ++n;
    return n;
  }
  bool read_some() {
    pollfd wait = {terminal_, POLLIN, 0};
    char buffer[4096];
    if (poll(&wait, 1, 60'000) != 1) return false;
    const ssize_t got = read(terminal_, buffer, sizeof buffer);
    if (got > 0) shown_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  int terminal_ = -1, status_ = kRunning;
  pid_t pid_ = -1;
  std::string shown_;
};

constexpr const char* kEntered = "\x1b[?1049h\x1b[?25l";
constexpr const char* kLeft = "\x1b[?25h\x1b[?1049l";

TEST_F(StatusProgram, WhyOfAnUnknownCellNamesTheNearest) {
  const auto result = run_program({"mtlgrid", "status", file_, "--why", "MSI/LF/niave/0"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "mtlgrid: 'MSI/LF/niave/0' is not a cell of the grid; the nearest are MSI/LF/naive/0, MSI/LF/naive/1, "
            "MSI/LF/cagrad/0\n");
  EXPECT_THAT(run_program({"mtlgrid", "status", file_, "--why", "naive"}).err,
              HasSubstr("the nearest are MSI/LF/naive"));
}

TEST_F(StatusProgram, WhyOfAKnownCellTellsItsStory) {
  const auto result = run_program({"mtlgrid", "status", file_, "--why", "MSI/LF/cagrad/1"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, StartsWith("MSI/LF/cagrad/1: pending (grid 1)\n"));
}

TEST_F(StatusProgram, WatchEndsWithTheRunAndSaysHow) {
  OnTerminal watch({"mtlgrid", "status", file_, "--watch", "1"});
  watch.await("\x1b[H", 2);  // drawn again
  EXPECT_THAT(watch.shown(), StartsWith(kEntered));
  EXPECT_THAT(watch.shown(), HasSubstr("run 1 on "));
  end(0);
  EXPECT_EQ(watch.end(), 0);
  const auto left = watch.shown().find(kLeft);
  ASSERT_NE(left, std::string::npos);
  const std::string after = watch.shown().substr(left);
  EXPECT_THAT(after, HasSubstr("all that was asked for is done (exit status 0): 4 of"));
  EXPECT_THAT(after.substr(std::string(kLeft).size()), Not(HasSubstr("\x1b")))
      << "plain text once the screen is given back";
}

// Grid 1 has a result, the run's grid has none when it ends: the last view is of the run all the same.
TEST_F(StatusProgram, WatchStaysWithTheGridOfTheRun) {
  CellResult result;
  result.cell = {"MSI", "LF", "naive", 0};
  result.attempt = 1;
  store_->commit_result(result);
  GridRecord other;
  other.identity = "def";
  other.settings = {{"seed", 2}};
  other.cells = {{"MSI", "LF", "naive", 0}};
  store_->use_grid(other);
  store_->begin_attempt(other.cells[0], 1, {}, 100);
  store_->publish_snapshot();
  OnTerminal watch({"mtlgrid", "status", file_, "--watch", "1"});
  watch.await("grid.db, grid 2: run ");
  end(3);
  EXPECT_EQ(watch.end(), 0);
  EXPECT_THAT(watch.shown().substr(watch.shown().find(kLeft)), HasSubstr("grid.db, grid 2: "));
}

TEST_F(StatusProgram, WatchIsEndedByCtrlCAndGivesTheScreenBack) {
  OnTerminal watch({"mtlgrid", "status", file_, "--watch", "3600"});
  watch.await("[");
  watch.await("method");
  watch.press_ctrl_c();
  EXPECT_EQ(watch.end(), 0);
  EXPECT_THAT(watch.shown(), EndsWith(kLeft));
}

TEST_F(StatusProgram, WatchGivesTheScreenBackWhereTheStoreIsGone) {
  OnTerminal watch({"mtlgrid", "status", file_, "--watch=1"});
  watch.await("method");
  for (const char* suffix : {"", ".snapshot"}) std::filesystem::remove(file_ + suffix);
  EXPECT_EQ(watch.end(), 2);
  EXPECT_THAT(watch.shown(), HasSubstr(std::string(kLeft) + "mtlgrid: "));
  EXPECT_THAT(watch.shown(), HasSubstr("store not found"));
}

TEST_F(StatusProgram, WatchOfARunThatWasKilledSaysSo) {
  store_.reset();
  const auto result = run_program({"mtlgrid", "status", file_, "--watch"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("no record says how the last run ended: it was killed"));
}

TEST_F(StatusProgram, WatchWithoutATerminalPrintsPlainly) {
  end(3);
  const auto result = run_program({"mtlgrid", "status", "--watch", "2", file_});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, StartsWith(file_ + ", grid 1: no run holds it, "));
  EXPECT_THAT(result.out, HasSubstr("stopped on request with work left: run again"));
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace mtlgrid
