#include "trainer/server.h"

#include <unistd.h>

#include <cstdio>

#include "datasets/errors.h"
#include "trainer/connection.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

class PipeControl : public CellControl {
 public:
  PipeControl(Connection& connection, const Train& train) : connection_(connection), train_(train) {}
  bool stop_requested() override {
    while (auto message = connection_.poll_now()) {
      if (message_type(*message) != "stop")
        throw Error(ErrorKind::fatal, "message '" + message_type(*message) + "' during a cell");
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
    const std::string type = message_type(*message);
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
