#include "orchestrator/session/ask_trainer.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/errors.h"
#include "cluster/pipe_write.h"
#include "cluster/process.h"
#include "orchestrator/session/trainer_executable.h"
#include "trainer/contract/pipe_messages.h"

extern char** environ;

namespace mtlgrid {
namespace {

void wait_for(int fd, short events) {
  pollfd p = {fd, events, 0};
  while (::poll(&p, 1, -1) < 0 && errno == EINTR) {
  }
}

// Whatever a trainer that died did not read is not missed here: there is no answer then.
void send(FileDescriptor& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write_some(to.get(), bytes);
    if (n < 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(n));
    if (n == 0) wait_for(to.get(), POLLOUT);
  }
  to.close();
}

std::optional<nlohmann::json> receive(const FileDescriptor& from) {
  FrameReader reader;
  std::array<char, 1 << 16> bytes;
  for (;;) {
    if (auto message = reader.next()) return message;
    const ssize_t n = ::read(from.get(), bytes.data(), bytes.size());
    if (n == 0) return std::nullopt;
    if (n > 0) reader.feed({bytes.data(), static_cast<std::size_t>(n)});
    if (n < 0 && errno == EAGAIN) wait_for(from.get(), POLLIN);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
      throw Error(ErrorKind::fatal, fmt::format("reading from the trainer: {}", std::strerror(errno)));
    }
  }
}

int reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw Error(ErrorKind::fatal, fmt::format("waiting for a trainer: {}", std::strerror(errno)));
  }
  return status;
}

nlohmann::json exchange(const nlohmann::json& request, int threads) {
  ProcessOptions options;
  options.executable = trainer_executable();
  options.arguments = {"answer"};
  options.environment = trainer_environment(environ, threads, Gpu{});
  ChildProcess trainer = spawn(options);
  send(trainer.input, encode_frame(request));
  const std::optional<nlohmann::json> answer = receive(trainer.output);
  const int status = reap(trainer.pid);
  if (!answer)
    throw Error(ErrorKind::fatal, fmt::format("the trainer {} without an answer", describe_wait_status(status)));
  return *answer;
}

}  // namespace

template <typename Request>
typename Request::Answer ask_trainer(const Request& request, int threads) {
  const nlohmann::json message = exchange(encode_message(request), threads);
  const auto answer = decode_message<TrainerAnswer<Request>>(message, "the trainer");
  if (const auto* refused = std::get_if<Refused>(&answer)) {
    throw Error(static_cast<ErrorKind>(refused->kind), refused->detail);
  }
  return std::get<typename Request::Answer>(answer);
}

template ExportAnswer ask_trainer(const ExportRequest&, int);
template PredictAnswer ask_trainer(const PredictRequest&, int);
template DevicesAnswer ask_trainer(const DevicesRequest&, int);

}  // namespace mtlgrid
