#include "trainer/process/server.h"

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <set>
#include <variant>

#include "base/clock.h"
#include "base/errors.h"
#include "base/limits.h"
#include "base/system_error.h"
#include "trainer/process/attempt_log.h"
#include "trainer/process/connection.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

constexpr const char* kRank = "the rank";  // the sender of every message here

// The rank's requests since the current activity, `what`, began.
class Requests {
 public:
  Requests(Connection& connection, const char* what) : connection_(connection), what_(what) {}
  bool stop() {
    while (const auto message = connection_.poll_now()) {
      std::visit([this](const auto& m) { on(m); }, decode_message<ToTrainer>(*message, kRank));
    }
    return stop_;
  }
  bool released(const std::string& method) const { return released_.count(method) != 0; }

 private:
  void on(const Stop& /*stop*/) { stop_ = true; }
  void on(const Release& release) { released_.insert(release.methods.begin(), release.methods.end()); }
  void on(const Setup& /*setup*/) { unexpected(Setup::kType); }
  void on(const TrainPack& /*pack*/) { unexpected(TrainPack::kType); }
  void on(const MakeStageId& /*order*/) { unexpected(MakeStageId::kType); }
  void on(const Stage& /*order*/) { unexpected(Stage::kType); }
  [[noreturn]] void unexpected(const std::string& type) const {
    throw Error(ErrorKind::fatal, "unexpected message '" + type + "' during " + what_);
  }

  Connection& connection_;
  const char* what_;
  bool stop_ = false;
  std::set<std::string> released_;
};

class PipeControl : public PackControl {
 public:
  PipeControl(Connection& connection, AwayFiles& away)
      : connection_(connection), away_(away), requests_(connection, "a pack") {}
  bool stop_requested() override {
    if (Clock::real().steady() - said_ > kAliveSeconds) send(encode_message(Alive{}));
    return requests_.stop();
  }
  bool release_requested(const Train& member) override { return requests_.released(member.cell.method); }
  void progress(const Train& member, int epoch, int epochs, const EpochLosses& losses) override {
    send(encode_message(Progress{member.cell, member.attempt, epoch, epochs, losses}));
  }
  void resumed(const Train& member, int epoch, int epochs) override {
    send(encode_message(Progress{member.cell, member.attempt, epoch - 1, epochs, {}, epoch}));
  }
  void finished(const Train& member, const CellResult& result) override {
    away_.cell_finished();
    answer(member, encode_message(Finished{result}));
  }
  void failed(const Train& member, const Error& error) override {
    throw_if_limited(error);
    if (const auto* away = dynamic_cast<const SystemError*>(&error)) {
      away_.wait(*away, [this] { return stop_requested(); });
    }
    const std::string what = error.what();
    std::fprintf(stderr, "%s: failed: %s\n", member.cell.name().c_str(), what.c_str());
    answer(member, encode_message(Failed{member.cell, member.attempt, what.substr(0, what.find('\n')), what,
                                         error.kind() == ErrorKind::out_of_memory, is_of_system(error)}));
  }
  void stopped(const Train& member) override { answer(member, encode_message(Stopped{member.cell, member.attempt})); }
  bool answered(const Train& member) const { return answered_.count(member.cell.name()) != 0; }

 private:
  // A limit of the machine stops the run; it is not met again for cell after cell.
  static void throw_if_limited(const Error& error) {
    const auto* refused = dynamic_cast<const SystemError*>(&error);
    const auto limit = refused == nullptr ? std::nullopt : limit_of(refused->number());
    if (limit && *limit != Limit::processes) throw Error(ErrorKind::needs_person, error.what());
  }
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
  AwayFiles& away_;
  Requests requests_;
  double said_ = Clock::real().steady();
  std::set<std::string> answered_;
};

void serve_pack(Connection& connection, CellService& service, const TrainPack& pack, AwayFiles& away) {
  require_pack(pack);
  std::optional<AttemptLog> log;
  if (service.keeps_logs()) log.emplace(pack, service.environment());
  PipeControl control(connection, away);
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

// The trainer's side of the conversation outside a pack: one request after the other.
class Conversation {
 public:
  using MakeService = std::function<std::unique_ptr<CellService>(const Setup&)>;
  Conversation(Connection& connection, const MakeService& make_service, double away_seconds)
      : connection_(connection), make_service_(make_service), away_(away_seconds) {}

  // Until the rank closes its end of the pipe.
  void run() {
    while (const auto message = connection_.wait()) {
      std::visit([this](const auto& m) { on(m); }, decode_message<ToTrainer>(*message, kRank));
    }
  }

 private:
  void on(const Setup& setup) {
    if (service_) unexpected(Setup::kType);
    service_ = make_service_(setup);
    connection_.send(encode_message(
        Ready{::getpid(), service_->largest_pack(), service_->environment(), service_->staging_lacks()}));
  }
  void on(const MakeStageId& /*order*/) { connection_.send(encode_message(stage_id(service_for(MakeStageId::kType)))); }
  void on(const Stage& order) {
    connection_.send(encode_message(stage(connection_, service_for(Stage::kType), order)));
  }
  void on(const TrainPack& pack) { serve_pack(connection_, service_for(TrainPack::kType), pack, away_); }
  // These two were sent before the rank knew that the pack had ended.
  void on(const Stop& /*stop*/) {}
  void on(const Release& /*release*/) {}

  CellService& service_for(const char* type) {
    if (!service_) unexpected(type);
    return *service_;
  }
  [[noreturn]] static void unexpected(const std::string& type) {
    throw Error(ErrorKind::fatal, "unexpected message '" + type + "'");
  }

  Connection& connection_;
  const MakeService& make_service_;
  AwayFiles away_;
  std::unique_ptr<CellService> service_;
};

}  // namespace

int serve(int in, int out, const std::function<std::unique_ptr<CellService>(const Setup&)>& make_service,
          double away_seconds) {
  Connection connection(in, out);
  try {
    Conversation(connection, make_service, away_seconds).run();
    return kEndOfPipe;
  } catch (const Error& e) {
    std::fprintf(stderr, "mtlgrid-trainer: %s\n", e.what());
    return e.kind() == ErrorKind::needs_person ? kDiskFull : kInternalError;
  } catch (const std::exception& e) {
    const auto limit = limit_met(e);
    std::fprintf(stderr, "mtlgrid-trainer: %s\n", limit ? limit->what() : e.what());
    return limit ? kDiskFull : kInternalError;
  }
}

}  // namespace mtlgrid
