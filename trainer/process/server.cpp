#include "trainer/process/server.h"

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <set>

#include "base/clock.h"
#include "base/errors.h"
#include "trainer/process/attempt_log.h"
#include "trainer/process/connection.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

// The rank's requests since the current activity, `what`, began.
class Requests {
 public:
  Requests(Connection& connection, const char* what) : connection_(connection), what_(what) {}
  bool stop() {
    while (auto message = connection_.poll_now()) {
      const std::string type = message_type(*message);
      if (type == "stop") {
        stop_ = true;
      } else if (type == "release") {
        const auto methods = message->get<Release>().methods;
        released_.insert(methods.begin(), methods.end());
      } else {
        throw Error(ErrorKind::fatal, "unexpected message '" + type + "' during " + what_);
      }
    }
    return stop_;
  }
  bool released(const std::string& method) const { return released_.count(method) != 0; }

 private:
  Connection& connection_;
  const char* what_;
  bool stop_ = false;
  std::set<std::string> released_;
};

class PipeControl : public PackControl {
 public:
  explicit PipeControl(Connection& connection) : connection_(connection), requests_(connection, "a pack") {}
  bool stop_requested() override {
    if (Clock::real().steady() - said_ > kAliveSeconds) send({{"type", "alive"}});
    return requests_.stop();
  }
  bool release_requested(const Train& member) override { return requests_.released(member.cell.method); }
  void progress(const Train& member, int epoch, int epochs) override {
    send(typed("progress", Progress{member.cell, member.attempt, epoch, epochs}));
  }
  void finished(const Train& member, const CellResult& result) override {
    answer(member, {{"type", "finished"}, {"result", result}});
  }
  void failed(const Train& member, const Error& error) override {
    const std::string what = error.what();
    std::fprintf(stderr, "%s: failed: %s\n", member.cell.name().c_str(), what.c_str());
    answer(member, typed("failed", Failed{member.cell, member.attempt, what.substr(0, what.find('\n')), what,
                                          error.kind() == ErrorKind::out_of_memory}));
  }
  void stopped(const Train& member) override { answer(member, typed("stopped", Stopped{member.cell, member.attempt})); }
  bool answered(const Train& member) const { return answered_.count(member.cell.name()) != 0; }

 private:
  void answer(const Train& member, const json& message) {
    if (!answered_.insert(member.cell.name()).second) {
      throw Error(ErrorKind::fatal, member.cell.name() + " was answered twice");
    }
    send(message);
  }
  void send(const json& message) {
    said_ = Clock::real().steady();
    connection_.send(message);
  }

  Connection& connection_;
  Requests requests_;
  double said_ = Clock::real().steady();
  std::set<std::string> answered_;
};

void serve_pack(Connection& connection, CellService& service, const TrainPack& pack) {
  require_pack(pack);
  std::optional<AttemptLog> log;
  if (service.keeps_logs()) log.emplace(pack, service.environment());
  PipeControl control(connection);
  try {
    service.run(pack.members, control);
  } catch (const Error& e) {
    if (!is_of_cell(e)) throw;
    for (const Train& member : pack.members) {
      if (!control.answered(member)) control.failed(member, e);
    }
  }
  for (const Train& member : pack.members) {
    if (!control.answered(member))
      throw Error(ErrorKind::fatal, member.cell.name() + ": the service returned without an answer");
  }
}

StageId stage_id(CellService& service) {
  try {
    return {service.staging_id(), ""};
  } catch (const Error& e) {
    const std::string what = e.what();
    return {"", what.substr(0, what.find('\n'))};
  }
}

Staged stage(Connection& connection, CellService& service, const Stage& order) {
  Requests requests(connection, "staging");
  std::exception_ptr out_of_turn;  // rethrown after staging, which handles every Error itself
  const auto stop_requested = [&] {
    try {
      return requests.stop();
    } catch (...) {
      out_of_turn = std::current_exception();
      return true;
    }
  };
  Staged staged = service.stage(order, stop_requested);
  if (out_of_turn) std::rethrow_exception(out_of_turn);
  if (!staged.error.empty()) std::fprintf(stderr, "not staged: %s\n", staged.error.c_str());
  return staged;
}

void conversation(Connection& connection,
                  const std::function<std::unique_ptr<CellService>(const Setup&)>& make_service) {
  std::unique_ptr<CellService> service;
  while (const auto message = connection.wait()) {
    const std::string type = message_type(*message);
    if (type == "setup" && !service) {
      service = make_service(message->get<Setup>());
      connection.send(
          typed("ready", Ready{::getpid(), service->largest_pack(), service->environment(), service->staging_lacks()}));
    } else if (type == "stage_id" && service) {
      connection.send(typed("stage_id", stage_id(*service)));
    } else if (type == "stage" && service) {
      connection.send(typed("staged", stage(connection, *service, message->get<Stage>())));
    } else if (type == "train" && service) {
      serve_pack(connection, *service, message->get<TrainPack>());
    } else if (type != "stop" &&
               type != "release") {  // sent before the rank knew that the pack had ended: nothing to do
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
    return e.kind() == ErrorKind::needs_person ? kDiskFull : kInternalError;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "mtlgrid-trainer: %s\n", e.what());
    return kInternalError;
  }
}

}  // namespace mtlgrid
