// The trainer processes of a rank, as its worker sees them: one in each slot, which sends messages or dies.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mtlgrid {

// A message of a slot's process, or its death.
struct TrainerMessage {
  int slot;
  nlohmann::json message;
};
struct TrainerDied {
  int slot;
  std::string cause;   // "killed by signal 9 (SIGKILL)", "exited with status 1", "broken stream: ...", "not started"
  std::string detail;  // the last lines of its log; if it was not started: why
  std::optional<int> exit_status = std::nullopt;  // if it ended by itself
  bool limited = false;  // a limit of the machine ended it, or kept it from being started; `cause` says what to raise
};
using TrainerEvent = std::variant<TrainerMessage, TrainerDied>;

// The worker's view of its trainers; tests use a fake.
class Trainers {
 public:
  virtual ~Trainers() = default;
  virtual int slots() const = 0;
  // Starts the slot's process, or restarts it after its TrainerDied. Send `setup` to it first. If the system refuses to
  // start it, the next poll() reports this as a TrainerDied "not started". Throws Error(fatal) if the slot's
  // process has not been reported dead.
  virtual void start(int slot) = 0;
  // Queues a message; never blocks. Ignored if the slot has no process.
  virtual void send(int slot, const nlohmann::json& message) = 0;
  // All events since the last call; never blocks. All complete messages of a process come before its TrainerDied, which
  // comes once. Bytes that are not a message end the process with a "broken stream".
  virtual std::vector<TrainerEvent> poll() = 0;
  virtual void kill(int slot) = 0;  // SIGKILL; a TrainerDied event follows; ignored if the slot has no process
  // From start() until poll() has returned its TrainerDied.
  virtual bool running(int slot) const = 0;
};

}  // namespace mtlgrid
