#include "cluster/supervisor.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <deque>
#include <optional>
#include <system_error>

#include "base/clock.h"
#include "base/errors.h"
#include "base/limits.h"
#include "base/telling.h"
#include "cluster/host.h"
#include "cluster/log_tail.h"
#include "cluster/pipe_write.h"
#include "cluster/process.h"
#include "results/store/layout.h"
#include "results/store/store_folders.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {
namespace {

// Bytes read of one slot in one poll: bounds the call, and is more than the pipe of a dead process can hold (1 MiB at
// most without privileges), so that all of its last frames are read before its death is reported.
constexpr std::size_t kReadAtMost = std::size_t{4} << 20;
// How long a process may run after it closed its stdout. Exiting takes milliseconds; longer is a fault.
constexpr double kAfterClosing = 2;
// How long a killed process may take to end: one that waits for a file server in the kernel cannot be ended.
constexpr double kAfterKilling = 10;

double steady_now() { return Clock::real().steady(); }

struct Slot {
  pid_t pid = 0;  // 0: no process
  FileDescriptor input, output;
  std::deque<std::string> queue;  // frames not yet written
  std::size_t written = 0;        // bytes of the first that are
  FrameReader reader;
  std::string broken;            // why its stream is no longer read
  bool killed = false;           // on request
  std::optional<double> closed;  // when its stdout ended
  std::filesystem::path log;
  std::uintmax_t log_start = 0;
};

// Whether `pid` has ended; its status stays to be collected, so the id is not given to another process.
bool has_ended(pid_t pid) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return errno == ECHILD;
  return info.si_pid == pid;
}

struct End {
  std::string text;
  std::optional<int> exit_status;
  std::optional<Limit> limit;
};

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Collects a process that has ended; `last_words` are the end of its log.
End reap(pid_t pid, std::string_view last_words) {
  int status = 0;
  pid_t result = 0;
  struct rusage usage {};
  do {
    result = wait4(pid, &status, 0, &usage);
  } while (result < 0 && errno == EINTR);
  if (result != pid) return {"ended, status unknown (" + std::system_category().message(errno) + ")", {}, {}};
  const double seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  return {describe_wait_status(status), WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt,
          limit_that_ended(status, seconds, last_words)};
}

// The process leads its group: its own children are killed with it.
void kill_group(pid_t pid) {
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);
}

class TrainerProcesses final : public Trainers {
 public:
  TrainerProcesses(const TrainerCommand& command, double grace);
  ~TrainerProcesses() override;
  TrainerProcesses(const TrainerProcesses&) = delete;
  TrainerProcesses& operator=(const TrainerProcesses&) = delete;

  int slots() const override { return command_.slots; }
  void start(int slot) override;
  void send(int slot, const nlohmann::json& message) override;
  std::vector<TrainerEvent> poll() override;
  void kill(int slot) override;
  bool running(int slot) const override;

 private:
  Slot& at(int slot) { return slots_.at(static_cast<std::size_t>(slot)); }
  ProcessOptions options(int slot) const;
  void flush(Slot& slot);
  void read(int number, std::vector<TrainerEvent>& events);
  void deliver(int number, std::string_view bytes, std::vector<TrainerEvent>& events);
  void supervise(Slot& slot);
  TrainerDied bury(int number);
  void wait_for_ends(double deadline);

  TrainerCommand command_;
  double grace_;
  std::string host_ = host_name();
  std::vector<Slot> slots_;
  std::vector<TrainerDied> not_started_;
};

TrainerProcesses::TrainerProcesses(const TrainerCommand& command, double grace) : command_(command), grace_(grace) {
  if (command.slots < 1 || command.threads < 1) {
    throw Error(ErrorKind::fatal,
                fmt::format("{} trainers of {} threads each: both must be at least 1", command.slots, command.threads));
  }
  if (!command.gpus.empty() && command.gpus.size() != static_cast<std::size_t>(command.slots)) {
    throw Error(ErrorKind::fatal, fmt::format("{} trainers with {} GPUs", command.slots, command.gpus.size()));
  }
  if (access(command.executable.c_str(), X_OK) != 0) {
    throw Error(ErrorKind::fatal, fmt::format("{}: {}; expected the trainer's executable", command.executable.string(),
                                              std::system_category().message(errno)));
  }
  slots_.resize(static_cast<std::size_t>(command.slots));
}

ProcessOptions TrainerProcesses::options(int slot) const {
  const Gpu gpu = command_.gpus.empty() ? Gpu{} : command_.gpus.at(static_cast<std::size_t>(slot));
  return {.executable = command_.executable,
          .arguments = command_.arguments,
          .environment = trainer_environment(environ, command_.threads, gpu),
          .cpus = cpus_of_slot(command_.cpus, slot, command_.threads),
          .log = command_.log_folder / trainer_log_name(host_, command_.rank, slot)};
}

void TrainerProcesses::start(int number) {
  Slot& slot = at(number);
  if (slot.pid != 0) throw Error(ErrorKind::fatal, fmt::format("trainer {} is already running", number));
  slot = Slot{};
  try {
    const ProcessOptions how = options(number);
    make_log_folder(command_.log_folder);  // without it, trainers tell this process's stderr (process.h)
    std::error_code missing;
    const auto size = std::filesystem::file_size(how.log, missing);
    slot.log = how.log;
    slot.log_start = missing ? 0 : size;
    ChildProcess child = spawn(how);
    slot.input = std::move(child.input);
    slot.output = std::move(child.output);
    slot.pid = child.pid;
  } catch (const Error& e) {
    const bool limited = e.kind() == ErrorKind::needs_person;
    not_started_.push_back({number, "not started", e.what(), std::nullopt, limited});
  }
}

void TrainerProcesses::send(int number, const nlohmann::json& message) {
  Slot& slot = at(number);
  if (!slot.input) return;
  slot.queue.push_back(encode_frame(message));
  flush(slot);
}

void TrainerProcesses::flush(Slot& slot) {
  while (!slot.queue.empty()) {
    const auto rest = std::string_view(slot.queue.front()).substr(slot.written);
    const ssize_t n = write_some(slot.input.get(), rest);
    if (n == 0) return;
    if (n < 0) {  // it has closed its stdin: its death, which follows, says why
      slot.queue.clear();
      slot.input.close();
      return;
    }
    slot.written += static_cast<std::size_t>(n);
    if (slot.written < slot.queue.front().size()) continue;
    slot.queue.pop_front();
    slot.written = 0;
  }
}

std::vector<TrainerEvent> TrainerProcesses::poll() {
  std::vector<TrainerEvent> events;
  for (auto& failure : std::exchange(not_started_, {})) events.emplace_back(std::move(failure));
  for (int number = 0; number < command_.slots; ++number) {
    Slot& slot = at(number);
    if (slot.pid == 0) continue;
    flush(slot);
    const bool ended = has_ended(slot.pid);  // before reading: then everything it wrote is in the pipe
    if (ended) kill_group(slot.pid);
    read(number, events);
    if (ended) {
      events.emplace_back(bury(number));
    } else {
      supervise(slot);
    }
  }
  return events;
}

void TrainerProcesses::read(int number, std::vector<TrainerEvent>& events) {
  Slot& slot = at(number);
  std::array<char, 65536> buffer;
  for (std::size_t total = 0; slot.output && total < kReadAtMost;) {
    const ssize_t n = ::read(slot.output.get(), buffer.data(), buffer.size());
    if (n > 0) {
      total += static_cast<std::size_t>(n);
      deliver(number, std::string_view(buffer.data(), static_cast<std::size_t>(n)), events);
    } else if (n == 0) {
      slot.output.close();
      slot.closed = steady_now();
    } else if (errno != EINTR) {
      return;
    }
  }
}

void TrainerProcesses::deliver(int number, std::string_view bytes, std::vector<TrainerEvent>& events) {
  Slot& slot = at(number);
  if (!slot.broken.empty()) return;
  try {
    slot.reader.feed(bytes);
    while (auto message = slot.reader.next()) {
      events.emplace_back(TrainerMessage{number, std::move(*message)});
    }
  } catch (const Error& e) {
    slot.broken = std::string("broken stream: ") + e.what();
    kill_group(slot.pid);
  }
}

// A process that has closed its stdout cannot report any more.
void TrainerProcesses::supervise(Slot& slot) {
  if (!slot.closed || !slot.broken.empty() || steady_now() < *slot.closed + kAfterClosing) return;
  slot.broken = "broken stream: it closed its stdout and did not exit";
  kill_group(slot.pid);
}

TrainerDied TrainerProcesses::bury(int number) {
  Slot& slot = at(number);
  std::string detail = tail_of(slot.log, slot.log_start, kLogLines);
  std::error_code error;
  if (detail.empty() && !std::filesystem::exists(slot.log, error)) {
    detail = slot.log.string() +
             ": what the trainer wrote is lost, since its folder was removed, moved or replaced: put it back, then run "
             "again";
  }
  End end = reap(slot.pid, detail);
  if (slot.broken.empty() && slot.reader.partial()) detail += "\n(it died in the middle of a message)";
  const bool limited = end.limit && slot.broken.empty() && !slot.killed;
  if (limited) end.text += "; " + advice_on(*end.limit);
  TrainerDied died{number, slot.broken.empty() ? std::move(end.text) : slot.broken, std::move(detail), end.exit_status,
                   limited};
  slot = Slot{};
  return died;
}

void TrainerProcesses::kill(int number) {
  Slot& slot = at(number);
  if (slot.pid == 0) return;
  slot.killed = true;
  kill_group(slot.pid);
}

bool TrainerProcesses::running(int slot) const { return slots_.at(static_cast<std::size_t>(slot)).pid != 0; }

// Reads and drops their remaining output, so that no process waits on a full pipe, until all have ended or time is up.
void TrainerProcesses::wait_for_ends(double deadline) {
  for (;;) {
    std::vector<pollfd> open;
    bool alive = false;
    for (auto& slot : slots_) {
      if (slot.pid == 0 || has_ended(slot.pid)) continue;
      alive = true;
      std::array<char, 65536> dropped;
      while (slot.output) {
        const ssize_t n = ::read(slot.output.get(), dropped.data(), dropped.size());
        if (n < 0) break;
        if (n == 0) slot.output.close();
      }
      if (slot.output) open.push_back({slot.output.get(), POLLIN, 0});
    }
    if (!alive || steady_now() >= deadline) return;
    ::poll(open.data(), open.size(), 10);
  }
}

TrainerProcesses::~TrainerProcesses() {
  for (auto& slot : slots_) slot.input.close();
  wait_for_ends(steady_now() + grace_);
  for (auto& slot : slots_) {
    if (slot.pid != 0) kill_group(slot.pid);
  }
  wait_for_ends(steady_now() + kAfterKilling);
  for (auto& slot : slots_) {
    if (slot.pid == 0) continue;
    if (has_ended(slot.pid)) {
      reap(slot.pid, "");
    } else {
      tell_message(
          fmt::format("trainer process {} cannot be ended: the system keeps it, perhaps for a file server that "
                      "does not answer; it ends by itself when that does",
                      slot.pid));
    }
  }
}

}  // namespace

std::unique_ptr<Trainers> make_trainer_processes(const TrainerCommand& command, double grace) {
  return std::make_unique<TrainerProcesses>(command, grace);
}

}  // namespace mtlgrid
