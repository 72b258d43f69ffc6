#include "datasets/features/reader_process.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/errors.h"
#include "base/system_error.h"
#include "base/text.h"
#include "datasets/features/feature_layout.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/reader_answer.h"

namespace mtlgrid {
namespace {

constexpr double kPoll = 0.5;             // s; how soon a long wait is noticed
constexpr ReaderPatience kStart{60, 60};  // of the process, from a busy disk

// Throws what the process caught, and Nonsense.
CheckedFile result_of(const std::filesystem::path& file, const FrameFields& answer) {
  if (answer.at(0) == "read") return from_answer(answer);
  if (answer.size() == 4 && answer[0] == "fault") throw FileFault(file, answer[1], answer[2], answer[3]);
  if (answer.size() == 4 && answer[0] == "system") {
    int number = 0;
    const auto [end, error] = std::from_chars(answer[3].data(), answer[3].data() + answer[3].size(), number);
    if (error == std::errc() && *end == '\0' && number >= 0) throw SystemError(file, answer[1], answer[2], number);
  }
  throw Nonsense();
}

// Signals by which a process ends itself, by a mistake in it.
bool is_own_fault(int signal) {
  constexpr std::array<int, 7> kFaults{SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
  return std::find(kFaults.begin(), kFaults.end(), signal) != kFaults.end();
}

int signal_of(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

std::string how_it_ended(int status) {
  const int signal = signal_of(status);
  return signal != 0 ? fmt::format("signal {}, {}", signal, ::strsignal(signal))
                     : fmt::format("status {}", WEXITSTATUS(status));
}

std::string reading_kills(const std::filesystem::path& file) {
  return fmt::format("reading it kills the {}", file.extension() == ".pt" ? "process that reads it" : "HDF5 library");
}

// `status`: of the process that read it.
[[noreturn]] void tell_death(const std::filesystem::path& file, int status, bool by_nonsense) {
  const int signal = signal_of(status);
  if (signal == SIGPROF) {
    throw FileFault(file, "reading it does not end", kFeatureFile, "no progress in 1 s of processor time or more");
  }
  if (by_nonsense || signal == 0 || is_own_fault(signal)) {
    throw FileFault(file, reading_kills(file), kFeatureFile, by_nonsense ? "its answer is none" : how_it_ended(status));
  }
  throw SystemError(file, fmt::format("the process that reads it was ended ({})", how_it_ended(status)),
                    "see whether memory is short (dmesg), and run again");
}

}  // namespace

ReaderProcess::ReaderProcess(std::function<ReaderChild()> start, std::function<void(const std::string&)> say,
                             ReaderPatience patience)
    : start_(std::move(start)), say_(std::move(say)), patience_(patience) {}

ReaderProcess::~ReaderProcess() {
  if (child_) bury();
}

CheckedFile ReaderProcess::read(const std::filesystem::path& file, bool values, bool patient) {
  return answer_to(file, {file.string(), values ? "values" : "header", patient ? "1" : "0"});
}

CheckedFile ReaderProcess::describe(const std::filesystem::path& file) {
  return answer_to(file, {file.string(), "describe", "1"});
}

CheckedFile ReaderProcess::answer_to(const std::filesystem::path& file, const FrameFields& request) {
  for (bool again = false;; again = true) {
    if (!child_) start();
    const bool fresh = std::exchange(fresh_, false);
    try {
      return ask(file, request);
    } catch (const Death& death) {
      // A process that has read others may have died of one of them.
      if (fresh || again || signal_of(death.status) == SIGPROF) tell_death(file, death.status, death.by_nonsense);
    } catch (const FileFault&) {
      if (child_) bury();
      throw;
    }
  }
}

CheckedFile ReaderProcess::ask(const std::filesystem::path& file, const FrameFields& request) {
  if (!write_frame(child_->input.get(), to_frame(request))) throw Death{bury()};
  try {
    return result_of(file, receive(file));
  } catch (const Nonsense&) {
    bury();
    throw Death{0, true};
  }
}

void ReaderProcess::start() {
  received_.clear();
  child_ = start_();
  fresh_ = true;
  int status = 0;
  try {
    if (receive({}) == FrameFields{"ready"}) return;
  } catch (const Nonsense&) {     // another program, perhaps
  } catch (const SystemError&) {  // it said nothing
  } catch (const Death& death) {
    status = death.status;
  }
  if (child_) bury();
  throw Error(ErrorKind::needs_person, fmt::format("the process that reads feature files did not start ({}); try "
                                                   "mtlgrid --version",
                                                   how_it_ended(status)));
}

// The next frame that is an answer.
FrameFields ReaderProcess::receive(const std::filesystem::path& file) {
  for (;;) {
    FrameFields frame = next_frame(file);
    if (frame.at(0) != "working") return frame;
  }
}

FrameFields ReaderProcess::next_frame(const std::filesystem::path& file) {
  std::array<char, 1 << 16> bytes{};
  for (;;) {
    if (auto frame = take_frame(received_)) return *std::move(frame);
    if (!wait_for_bytes(file)) {
      bury();
      throw SystemError(file, fmt::format("cannot be read: no answer for {}", spoken_duration(patience_.give_up)),
                        "look whether the file system is there (df), and run again");
    }
    const ssize_t count = ::read(child_->output.get(), bytes.data(), bytes.size());
    if (count > 0) {
      received_.append(bytes.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      throw Death{bury()};
    }
  }
}

// False once patience is over. `file` is empty while the process starts.
bool ReaderProcess::wait_for_bytes(const std::filesystem::path& file) {
  const ReaderPatience patience = file.empty() ? kStart : patience_;
  const double begin = Clock::real().steady();
  bool said = false;
  for (;;) {
    pollfd readable{child_->output.get(), POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(1000 * std::min(kPoll, patience.say))) > 0) return true;
    const double waited = Clock::real().steady() - begin;
    if (waited >= patience.give_up) return false;
    if (!said && waited >= patience.say) {
      say_(fmt::format("{}: still waiting for the file system, {} without an answer", file.string(),
                       spoken_duration(patience.say)));
      said = true;
    }
  }
}

// Ends the process and returns its status as waitpid gives it. One that waits for the disk cannot be ended, and is not
// waited for: its status is 0.
int ReaderProcess::bury() {
  ReaderChild child = *std::move(child_);
  child_.reset();
  child.input.close();
  child.output.close();
  ::kill(child.pid, SIGKILL);
  int status = 0;
  constexpr int kTries = 200;
  constexpr double kPause = 0.01;
  for (int i = 0; i < kTries; ++i) {
    const pid_t ended = ::waitpid(child.pid, &status, WNOHANG);
    if (ended == child.pid) return status;
    if (ended < 0 && errno != EINTR) return 0;
    Clock::real().sleep(kPause);
  }
  return 0;
}

}  // namespace mtlgrid
