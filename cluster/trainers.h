// The trainer processes of a rank, as the worker sees them: one a slot, which reports messages or dies.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mtlgrid {

// What a slot's process reported, or that it died.
struct TrainerMessage {
  int slot;
  nlohmann::json message;
};
struct TrainerDied {
  int slot;
  std::string cause;   // "killed by signal 9 (SIGKILL)", "exited with status 1", "broken stream: ...", "not started"
  std::string detail;  // the last lines it wrote to its log; of one not started: why
  std::optional<int> exit_status = std::nullopt;  // of one that ended by itself
};
using TrainerEvent = std::variant<TrainerMessage, TrainerDied>;

// What the worker needs of its trainers; tests use a fake.
class Trainers {
 public:
  virtual ~Trainers() = default;
  virtual int slots() const = 0;
  // Starts (or, after its TrainerDied, starts again) the slot's process. Its first message is to be `setup`. If the
  // system refuses, the next poll() tells of it as a TrainerDied "not started". Throws Error(fatal) if the slot's
  // process has not been reported dead.
  virtual void start(int slot) = 0;
  // Queues a message; never blocks. Ignored if the slot has no process.
  virtual void send(int slot, const nlohmann::json& message) = 0;
  // Everything that happened since the last call; never blocks. All that a process said whole comes before its
  // TrainerDied, which comes once. Bytes that are no message end the process with a "broken stream".
  virtual std::vector<TrainerEvent> poll() = 0;
  virtual void kill(int slot) = 0;  // SIGKILL; a TrainerDied event follows; ignored if the slot has no process
  // From start() until poll() has returned its TrainerDied.
  virtual bool running(int slot) const = 0;
};

}  // namespace mtlgrid
