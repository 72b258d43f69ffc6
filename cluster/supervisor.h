// Supervision of this rank's trainer processes: one a slot, started again when it dies.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
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
  std::string cause;   // "killed by signal 9 (SIGKILL)", "exited with status 1", "broken stream: ..."
  std::string detail;  // the tail of its log
};
using TrainerEvent = std::variant<TrainerMessage, TrainerDied>;

// What the worker needs of its trainers; tests use a fake.
class Trainers {
 public:
  virtual ~Trainers() = default;
  virtual int slots() const = 0;
  // Starts (or starts again) the slot's process. Its first message is to be `setup`.
  virtual void start(int slot) = 0;
  // Queues a message; never blocks. Ignored if the slot has no process.
  virtual void send(int slot, const nlohmann::json& message) = 0;
  // Everything that happened since the last call; never blocks.
  virtual std::vector<TrainerEvent> poll() = 0;
  virtual void kill(int slot) = 0;  // SIGKILL; a TrainerDied event follows
  virtual bool running(int slot) const = 0;
};

struct TrainerCommand {
  std::filesystem::path executable;
  std::vector<std::string> arguments;
  int slots = 1, threads = 1;
  std::filesystem::path log_folder;   // stderr of slot s goes to LOG_FOLDER/HOST-RANK-s.log, appended
  int rank = 0;
  std::vector<int> cpus;              // cores of this rank; slot s gets its share of `threads` of them; empty: unbound
  std::vector<std::string> gpus;      // CUDA_VISIBLE_DEVICES of each slot; empty: none
};

// Real processes: posix_spawn without OMPI_*, PMIX_*, PMI_*, SLURM_* variables; pipes non-blocking; each dies with this
// process (parent-death signal and end of pipe); destroying the object ends them (end of pipe, then SIGKILL after
// `grace` seconds) and leaves none behind.
std::unique_ptr<Trainers> make_trainer_processes(const TrainerCommand& command, double grace = 5);

}  // namespace mtlgrid
