#include "trainer/server.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>

#include "datasets/errors.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

class Connection {
 public:
  Connection(int in, int out) : in_(in), out_(out) {}

  // The next message; nullopt at the end of the pipe. Waits as long as it takes.
  std::optional<json> wait() {
    for (;;) {
      if (auto message = reader_.next()) return message;
      if (closed_) {
        if (reader_.partial()) throw Error(ErrorKind::fatal, "pipe ended in the middle of a message");
        return std::nullopt;
      }
      read_some(-1);
    }
  }
  // The next message if it is there already. Ends the process if the pipe has ended.
  std::optional<json> poll_now() {
    while (read_some(0)) {
    }
    if (closed_) ::_exit(kEndOfPipe);
    return reader_.next();
  }
  void send(const json& message) {
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

 private:
  // Waits up to `timeout` ms (-1: for ever) and reads what is there; whether there was anything.
  bool read_some(int timeout) {
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

  int in_, out_;
  FrameReader reader_;
  bool closed_ = false;
};

std::string type_of(const json& message) {
  if (!message.is_object() || !message.contains("type") || !message["type"].is_string()) {
    throw Error(ErrorKind::fatal, "message without a type");
  }
  return message["type"].get<std::string>();
}

class PipeControl : public CellControl {
 public:
  PipeControl(Connection& connection, const Train& train) : connection_(connection), train_(train) {}
  bool stop_requested() override {
    while (auto message = connection_.poll_now()) {
      if (type_of(*message) != "stop")
        throw Error(ErrorKind::fatal, "message '" + type_of(*message) + "' during a cell");
      stop_ = true;
    }
    return stop_;
  }
  void progress(int epoch, int epochs) override {
    connection_.send(typed("progress", Progress{train_.cell, train_.attempt, epoch, epochs}));
  }

 private:
  Connection& connection_;
  const Train& train_;
  bool stop_ = false;
};

void serve_cell(Connection& connection, CellService& service, const Train& train) {
  const auto failed = [&](const Error& e) {
    const std::string what = e.what();
    std::fprintf(stderr, "%s: failed: %s\n", train.cell.name().c_str(), what.c_str());
    connection.send(typed("failed", Failed{train.cell, train.attempt, what.substr(0, what.find('\n')), what}));
  };
  try {
    PipeControl control(connection, train);
    const std::optional<CellResult> result = service.run(train, control);
    if (!result) {
      connection.send(typed("stopped", Stopped{train.cell, train.attempt}));
      return;
    }
    connection.send({{"type", "finished"}, {"result", *result}});
    service.finished(train);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::cell_failed && e.kind() != ErrorKind::bad_input) throw;
    failed(e);
  }
}

void conversation(Connection& connection,
                  const std::function<std::unique_ptr<CellService>(const Setup&)>& make_service) {
  std::unique_ptr<CellService> service;
  while (const auto message = connection.wait()) {
    const std::string type = type_of(*message);
    if (type == "setup" && !service) {
      service = make_service(message->get<Setup>());
      connection.send(typed("ready", Ready{::getpid(), service->environment()}));
    } else if (type == "train" && service) {
      serve_cell(connection, *service, message->get<Train>());
    } else if (type != "stop") {  // a stop that crossed the cell's end on its way asks for nothing
      throw Error(ErrorKind::fatal, "unexpected message '" + type + "'");
    }
  }
}

}  // namespace

int serve(int in, int out, const std::function<std::unique_ptr<CellService>(const Setup&)>& make_service) {
  Connection connection(in, out);
  try {
    conversation(connection, make_service);
    return kEndOfPipe;
  } catch (const Error& e) {
    std::fprintf(stderr, "mtlgrid-trainer: %s\n", e.what());
    return e.kind() == ErrorKind::needs_person ? kNeedsPerson : kInternalError;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "mtlgrid-trainer: %s\n", e.what());
    return kInternalError;
  }
}

}  // namespace mtlgrid
