#include "orchestrator/session/ask_trainer.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/errors.h"
#include "base/limits.h"
#include "base/process_stat.h"
#include "base/telling.h"
#include "cluster/pipe_write.h"
#include "cluster/process.h"
#include "orchestrator/session/trainer_executable.h"
#include "trainer/contract/pipe_messages.h"

extern char** environ;

namespace mtlgrid {
namespace {

constexpr double kAfterAnswer = 10;  // seconds in which it must end once it has answered

// Processor time of a process so far, as fields 14 and 15 of proc(5) say it; empty if the system does not.
std::string ticks_of(pid_t pid) {
  const auto stat = process_stat(pid);
  return stat ? stat->field(14) + " " + stat->field(15) : "";
}

// Waits for a trainer that may compute for hours, but not for one that does nothing.
class Watch {
 public:
  Watch(pid_t pid, const TrainerPatience& patience) : pid_(pid), patience_(patience) {}
  // Returns when `fd` is ready. Throws Error(needs_person) after the trainer has computed nothing for too long.
  void wait_for(int fd, short events) {
    pollfd p = {fd, events, 0};
    for (;;) {
      const int ready = ::poll(&p, 1, static_cast<int>(patience_.look * 1000));
      if (ready > 0) return;
      if (ready == 0) look();
    }
  }

 private:
  void look() {
    const double now = Clock::real().steady();
    const std::string ticks = ticks_of(pid_);
    if (ticks != ticks_) {
      ticks_ = ticks;
      since_ = now;
      return;
    }
    const std::string idle = fmt::format(
        "trainer process {} has computed nothing for {:.0f} s; it may be suspended, or wait for a file server", pid_,
        now - since_);
    if (now - since_ >= patience_.give_up) {
      ::kill(-pid_, SIGKILL);
      throw Error(ErrorKind::needs_person, idle + ": it was ended; run the command again");
    }
    if (now - since_ >= patience_.say && !std::exchange(said_, true)) tell_message(idle);
  }

  pid_t pid_;
  TrainerPatience patience_;
  std::string ticks_;
  double since_ = Clock::real().steady();  // its processor time is what it was then
  bool said_ = false;
};

// Whatever a trainer that died did not read is not missed here: there is no answer then.
void send(FileDescriptor& to, std::string_view bytes, Watch& watch) {
  while (!bytes.empty()) {
    const ssize_t n = write_some(to.get(), bytes);
    if (n < 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(n));
    if (n == 0) watch.wait_for(to.get(), POLLOUT);
  }
  to.close();
}

std::optional<nlohmann::json> receive(const FileDescriptor& from, Watch& watch) {
  FrameReader reader;
  std::array<char, 1 << 16> bytes;
  for (;;) {
    if (auto message = reader.next()) return message;
    const ssize_t n = ::read(from.get(), bytes.data(), bytes.size());
    if (n == 0) return std::nullopt;
    if (n > 0) reader.feed({bytes.data(), static_cast<std::size_t>(n)});
    if (n < 0 && errno == EAGAIN) watch.wait_for(from.get(), POLLIN);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
      throw Error(ErrorKind::fatal, fmt::format("reading from the trainer: {}", std::strerror(errno)));
    }
  }
}

int reap(pid_t pid) {
  int status = 0;
  const double began = Clock::real().steady();
  for (;;) {
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) return status;
    if (ended < 0 && errno != EINTR) {
      throw Error(ErrorKind::fatal, fmt::format("waiting for a trainer: {}", std::strerror(errno)));
    }
    const double waited = Clock::real().steady() - began;
    if (waited > kAfterAnswer) ::kill(-pid, SIGKILL);
    if (waited > 2 * kAfterAnswer) return SIGKILL;  // the system keeps it; its answer, if any, is here
    ::poll(nullptr, 0, waited < 0.1 ? 1 : 20);
  }
}

nlohmann::json exchange(const nlohmann::json& request, int threads, const TrainerPatience& patience) {
  ProcessOptions options;
  options.executable = trainer_executable();
  options.arguments = {"answer"};
  options.environment = trainer_environment(environ, threads, Gpu{});
  ChildProcess trainer = spawn(options);
  Watch watch(trainer.pid, patience);
  send(trainer.input, encode_frame(request), watch);
  const std::optional<nlohmann::json> answer = receive(trainer.output, watch);
  const int status = reap(trainer.pid);
  if (answer) return *answer;
  const std::string what = fmt::format("the trainer {} without an answer", describe_wait_status(status));
  if (const auto limit = limit_at_start(status)) throw LimitError(what, *limit);
  const bool told = WIFEXITED(status) && WEXITSTATUS(status) == kDiskFull;
  throw Error(told ? ErrorKind::needs_person : ErrorKind::fatal, what + (told ? "; its reason is above" : ""));
}

}  // namespace

template <typename Request>
typename Request::Answer ask_trainer(const Request& request, int threads, const TrainerPatience& patience) {
  const nlohmann::json message = exchange(encode_message(request), threads, patience);
  const auto answer = decode_message<TrainerAnswer<Request>>(message, "the trainer");
  if (const auto* refused = std::get_if<Refused>(&answer)) {
    throw Error(static_cast<ErrorKind>(refused->kind), refused->detail);
  }
  return std::get<typename Request::Answer>(answer);
}

template ExportAnswer ask_trainer(const ExportRequest&, int, const TrainerPatience&);
template PredictAnswer ask_trainer(const PredictRequest&, int, const TrainerPatience&);
template ExtractAnswer ask_trainer(const ExtractRequest&, int, const TrainerPatience&);
template DevicesAnswer ask_trainer(const DevicesRequest&, int, const TrainerPatience&);

}  // namespace mtlgrid
