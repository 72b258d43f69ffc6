// What `mtlgrid` and its trainer processes say to each other, over a pair of pipes. No torch.
//
// A frame is a 4-byte little-endian length and that many bytes of MessagePack: one JSON-like object with "type".
// To the trainer (its stdin): Setup once, perhaps StageId and Stage once, then TrainPack, one pack of cells at a time;
// Stop asks it to checkpoint the running cells at their next step and report each Stopped, or to give up staging;
// Release asks the same of some members; end of pipe ends the process. From the trainer (its stdout): Ready after
// Setup; per member of a pack Progress after each epoch, then exactly one of Finished, Failed, Stopped, in any order;
// the pack is over when each has one; Alive now and then between. The trainer's stderr is its log, and while a pack is
// trained the log of that attempt. Messages byte by byte: docs/messages.md.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/decode.h"
#include "results/records/records.h"
#include "trainer/contract/envelope.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

// How often a trainer at work says so, at least, where its steps are shorter than that.
inline constexpr double kAliveSeconds = 10;

inline constexpr std::size_t kMaximumFrame = std::size_t{1} << 30;  // a longer length is a broken stream

// Encodes one message as a frame.
std::string encode_frame(const nlohmann::json& message);

// Cuts a byte stream into messages.
class FrameReader {
 public:
  // `limits`: of each message; those of what a trainer says unless it is the trainer that reads.
  FrameReader() : FrameReader(kReportLimits) {}
  explicit FrameReader(const DecodeLimits& limits) : limits_(limits) {}
  void feed(std::string_view bytes);
  // The next whole message; nullopt if more bytes are needed. Throws Error(fatal) on a length above kMaximumFrame, on
  // bytes that are not MessagePack or beyond the limits, and on anything but an object with the text "type"; the
  // stream cannot be used after that.
  std::optional<nlohmann::json> next();
  // Whether bytes of an unfinished frame are held (the peer died in the middle of one).
  bool partial() const { return !buffer_.empty(); }

 private:
  DecodeLimits limits_;
  std::string buffer_;
};

// Exit statuses of a trainer process that its rank may rely on.
enum TrainerExit { kEndOfPipe = 0, kInternalError = 4, kDiskFull = 5 };

// {"type": "setup", "experiment": ..., "rank": 0}
struct Setup {
  static constexpr const char* kType = "setup";
  Experiment experiment;
  int rank = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Setup, experiment, rank)

// One cell to be trained: `directory` is the attempt's own folder (absolute, made by the trainer). `resume` lists
// folders of earlier attempts of this cell, newest first: training resumes from the first whole checkpoint in them.
struct Train {
  Cell cell;
  int attempt = 0;
  std::string directory;
  std::vector<std::string> resume;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Train, cell, attempt, directory, resume)

// {"type": "train", "members": [...]}: cells that differ in their methods alone, trained at the same time.
struct TrainPack {
  static constexpr const char* kType = "train";
  std::vector<Train> members;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrainPack, members)
// Throws Error(fatal) unless there are members, of one group, no two of one method.
void require_pack(const TrainPack& pack);

// {"type": "ready"}. `largest_pack`: members that the device has memory for; 0: no limit known. `staging_lacks`: why
// this trainer cannot take part in staging; empty: it can.
struct Ready {
  static constexpr const char* kType = "ready";
  int pid = 0, largest_pack = 0;
  Environment environment;
  std::string staging_lacks{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Ready, pid, largest_pack, environment, staging_lacks)

// {"type": "stage_id"}, without fields, asks a trainer for the id of a communicator that it will be rank 0 of; it
// answers {"type": "stage_id"} with the id (hex digits) or with why there is none.
struct StageId {
  static constexpr const char* kType = "stage_id";
  std::string id, error;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageId, id, error)

// How long a trainer waits for all others to join the communicator. Guessed: they were all ready a moment ago, and NCCL
// needs seconds.
inline constexpr double kCommunicatorSeconds = 120;

// {"type": "stage"}: take part in staging (trainer/training/staging.h) as `rank` of `size`. `nodes`: of every rank,
// numbered from 0 without gaps. Answered by Staged at the latest when the time is over.
struct Stage {
  static constexpr const char* kType = "stage";
  std::string id;
  int rank = 0, size = 1;
  std::vector<int> nodes;
  double timeout_seconds = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Stage, id, rank, size, nodes, timeout_seconds)

// {"type": "staged"}: `cohorts` are in this trainer's memory, `skipped` were not, since some trainer lacked room;
// `error`: why the rest is read from files; `environment` as in Ready, from now on.
struct Staged {
  static constexpr const char* kType = "staged";
  std::string error;
  int cohorts = 0, skipped = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
  Environment environment;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Staged, error, cohorts, skipped, bytes, seconds, environment)

// {"type": "progress"}: after each epoch, with its losses; and when training continues from a checkpoint, without any.
struct Progress {
  static constexpr const char* kType = "progress";
  Cell cell;
  int attempt = 0, epoch = 0, epochs = 0;
  EpochLosses losses{};
  int resumed = 0;  // the epoch in which training continued, in the report that it does; otherwise 0
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Progress, cell, attempt, epoch, epochs, losses, resumed)

// {"type": "release"}: of the running pack, the cells of these methods are to be checkpointed at their next step and
// reported Stopped, the others continue: an idle trainer is to have them. Those that are answered already are passed
// over.
struct Release {
  static constexpr const char* kType = "release";
  std::vector<std::string> methods;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Release, methods)

// {"type": "failed"}: a data or numerical error; the process continues to serve cells. `smaller_pack`: the
// device lacked memory; the cell may be trained in a smaller pack. `retry`: the system kept the trainer from reading a
// file (SystemError), which is not the cell's fault.
struct Failed {
  static constexpr const char* kType = "failed";
  Cell cell;
  int attempt = 0;
  std::string cause, detail;
  bool smaller_pack = false, retry = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Failed, cell, attempt, cause, detail, smaller_pack, retry)

// {"type": "stopped"}: checkpointed on request, Stop or Release.
struct Stopped {
  static constexpr const char* kType = "stopped";
  Cell cell;
  int attempt = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Stopped, cell, attempt)

// {"type": "finished", "result": CellResult}: the cell is done.
struct Finished {
  static constexpr const char* kType = "finished";
  CellResult result;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Finished, result)

// {"type": "alive"}: still at work.
struct Alive {
  static constexpr const char* kType = "alive";
};

// {"type": "stop"}: checkpoint the running cells at their next step and report each Stopped, or give up staging.
struct Stop {
  static constexpr const char* kType = "stop";
};

// {"type": "stage_id"}, without fields: answered by StageId.
struct MakeStageId {
  static constexpr const char* kType = "stage_id";
};

using ToTrainer = std::variant<Setup, TrainPack, MakeStageId, Stage, Stop, Release>;
using FromTrainer = std::variant<Ready, StageId, Staged, Progress, Finished, Failed, Stopped, Alive>;

// Compiled once, in pipe_messages.cpp: they are long.
extern template ToTrainer decode_message(const nlohmann::json&, const std::string&);
extern template FromTrainer decode_report(const nlohmann::json&, const std::string&);

}  // namespace mtlgrid
