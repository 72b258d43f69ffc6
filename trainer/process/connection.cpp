#include "trainer/process/connection.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/errors.h"

namespace mtlgrid {

using nlohmann::json;

std::optional<json> Connection::wait() {
  for (;;) {
    if (auto message = reader_.next()) return message;
    if (closed_) {
      if (reader_.partial()) throw Error(ErrorKind::fatal, "the pipe to the rank ended in the middle of a message");
      return std::nullopt;
    }
    read_some(-1);
  }
}

std::optional<json> Connection::poll_now() {
  while (read_some(0)) {
  }
  if (closed_) ::_exit(kEndOfPipe);
  return reader_.next();
}

void Connection::send(const json& message) {
  const std::string frame = encode_frame(message);
  for (std::size_t sent = 0; sent < frame.size();) {
    const ssize_t n = ::write(out_, frame.data() + sent, frame.size() - sent);
    if (n >= 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd p = {out_, POLLOUT, 0};
      ::poll(&p, 1, -1);
    } else if (errno == EPIPE) {
      ::_exit(kEndOfPipe);  // the rank is gone
    } else if (errno != EINTR) {
      throw Error(ErrorKind::fatal, std::string("writing to the rank: ") + std::strerror(errno));
    }
  }
}

// Waits up to `timeout` ms (-1: without limit) and reads what has arrived; returns whether anything has.
bool Connection::read_some(int timeout) {
  if (closed_) return false;
  pollfd p = {in_, POLLIN, 0};
  const int ready = ::poll(&p, 1, timeout);
  if (ready <= 0) return false;
  std::array<char, 1 << 16> bytes;
  const ssize_t n = ::read(in_, bytes.data(), bytes.size());
  if (n > 0) reader_.feed({bytes.data(), static_cast<std::size_t>(n)});
  if (n == 0) closed_ = true;
  if (n < 0 && errno != EINTR && errno != EAGAIN) {
    throw Error(ErrorKind::fatal, std::string("reading from the rank: ") + std::strerror(errno));
  }
  return n > 0;
}

}  // namespace mtlgrid
