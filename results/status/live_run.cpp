#include "results/status/live_run.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/platform.h"
#include "base/text.h"
#include "results/store/layout.h"
#include "results/store/reading.h"

namespace mtlgrid {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::uintmax_t kLargest = 256 << 20;  // bytes; 10,000 workers and their cells are 4 MB

template <typename T>
std::optional<T> optional_of(const json& j, const char* key) {
  const auto found = j.find(key);
  return found == j.end() || found->is_null() ? std::nullopt : std::optional<T>(found->get<T>());
}

// Missing ones are null, and live files of earlier versions have none.
EpochLosses losses_of(const json& running) {
  const auto found = running.find("losses");
  if (found == running.end()) return {};
  const auto one = [&](const char* key) { return optional_of<double>(*found, key).value_or(kMissing); };
  return {one("train_classification"), one("train_regression"), one("valid_classification"), one("valid_regression")};
}

LiveRun parse(const json& j) {
  LiveRun run;
  j.at("time").get_to(run.time);
  j.at("epoch").get_to(run.epoch);
  j.at("grid").get_to(run.grid);
  const json& cells = j.at("cells");
  cells.at("total").get_to(run.cells.total);
  cells.at("done").get_to(run.cells.done);
  cells.at("failed").get_to(run.cells.failed);
  cells.at("running").get_to(run.cells.running);
  cells.at("queued").get_to(run.cells.queued);
  run.share = optional_of<double>(j, "share");
  run.eta_seconds = optional_of<double>(j, "eta_seconds");
  j.at("gone_seconds").get_to(run.gone_seconds);
  j.at("stopping").get_to(run.stopping);
  run.ends = optional_of<double>(j, "ends");
  for (const json& w : j.at("workers")) {
    run.workers.push_back({w.at("rank").get<int>(), w.at("host").get<std::string>(), w.at("state").get<std::string>(),
                           w.at("device").get<std::string>(), w.at("why").get<std::string>(),
                           w.at("heard_seconds").get<double>(), w.at("slots").get<int>(), w.at("busy").get<int>(),
                           w.at("broken").get<int>()});
  }
  for (const json& r : j.at("running")) {
    run.running.push_back({r.at("cell").get<std::string>(), r.at("attempt").get<int>(), r.at("rank").get<int>(),
                           r.at("slot").get<int>(), r.at("epoch").get<int>(), r.at("epochs").get<int>(),
                           r.at("pack").get<int>(), r.at("started").get<double>(), losses_of(r)});
  }
  j.at("queue").get_to(run.queue);
  j.at("avoid").get_to(run.avoid);
  return run;
}

// Empty if it cannot be read, with `why`.
std::string content(const fs::path& file, std::string& why) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);  // an error for all but regular files
  if (!error && size > kLargest) {
    why = fmt::format("it is {} bytes long", size);
    return "";
  }
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (error || !in) {
    why = error ? error.message() : std::strerror(errno);
    return "";
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

// Why a live file of `age` seconds cannot be believed; empty if it can.
std::string doubt(const LiveRun& run, const std::optional<LockHolder>& holder, std::int64_t grid, double age) {
  if (!holder) {
    return fmt::format("the last run was killed, about {} ago; the same command again continues it",
                       spoken_duration(age));
  }
  if (holder->epoch > 0 && run.epoch != holder->epoch) {
    return fmt::format("the live file is of run {}, which has ended; run {} has not written one yet", run.epoch,
                       holder->epoch);
  }
  if (age > kLiveSeconds) {
    return fmt::format(
        "the run's live file is {} old: the run hangs or has ended, its disk is full, or its host's clock differs "
        "from this host's",
        spoken_duration(age));
  }
  if (age < -kLiveSeconds) {
    return fmt::format("the run's live file is {} ahead of this host's clock", spoken_duration(-age));
  }
  if (run.grid != grid) return fmt::format("the run in progress is of grid {} (--grid)", run.grid);
  return "";
}

std::optional<LockHolder> living_holder(const fs::path& store) {
  auto holder = read_lock(store_path(store, StoreFile::lock));
  if (holder && life_of(*holder, Platform::real()) == HolderLife::dead) return std::nullopt;
  return holder;
}

// Seconds since the file that is read was published, if that is not STORE itself.
double age_of_data(const fs::path& store, double now) {
  const fs::path read = readable_store(store);
  struct stat status = {};
  if (read == store || ::stat(read.c_str(), &status) != 0) return 0;
  const auto& time = status.st_mtim;
  return std::max(0.0, now - static_cast<double>(time.tv_sec) - 1e-9 * static_cast<double>(time.tv_nsec));
}

void read_live(const fs::path& store, std::int64_t grid, RunState& state) {
  const fs::path file = store_path(store, StoreFile::progress);
  std::error_code error;
  if (!fs::exists(file, error) && !error) {
    if (state.holder) state.trouble = "the run has written no live file (yet)";
    return;
  }
  std::string why;
  const std::string text = content(file, why);
  if (!why.empty()) {
    state.trouble = printable(fmt::format("{} cannot be read: {}", file.string(), why));
    return;
  }
  try {
    LiveRun run = parse(json::parse(text));
    if (state.holder && (state.holder->epoch == 0 || run.epoch == state.holder->epoch)) state.live_grid = run.grid;
    state.trouble = doubt(run, state.holder, grid, state.now - run.time);
    if (state.trouble.empty()) state.live = std::move(run);
  } catch (const json::exception& e) {
    state.trouble = printable(fmt::format("{} is not a valid live file: {}", file.string(), e.what()));
  }
}

// nullopt if STORE.done does not exist or cannot be read.
std::optional<RunEnd> read_run_end(const fs::path& store) {
  std::string why;
  const std::string text = content(store_path(store, StoreFile::done), why);
  const json j = json::parse(text, nullptr, false);
  if (!j.is_object()) return std::nullopt;
  try {
    RunEnd end;
    j.at("status").get_to(end.status);
    j.at("time").get_to(end.time);
    j.at("epoch").get_to(end.epoch);
    end.total = optional_of<int>(j, "total");
    end.done = optional_of<int>(j, "done");
    end.failed = optional_of<int>(j, "failed");
    end.pending = optional_of<int>(j, "pending");
    return end;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

const char* meaning(int status) {
  switch (status) {
    case 0:
      return "all that was asked for is done";
    case 1:
      return "some cells failed";
    case 2:
      return "bad usage, configuration or input";
    case 3:
      return "stopped on request with work left: run again";
    case 4:
      return "internal error: see the run's output";
    case 5:
      return "a person must act first: see the run's output";
    default:
      return "unknown";
  }
}

}  // namespace

const LiveRun::Running* LiveRun::find_running(const std::string& cell) const {
  const auto found = std::find_if(running.begin(), running.end(), [&](const Running& r) { return r.cell == cell; });
  return found == running.end() ? nullptr : &*found;
}

int LiveRun::place_of(const std::string& cell) const {
  const auto found = std::find(queue.begin(), queue.end(), cell);
  return found == queue.end() ? 0 : static_cast<int>(found - queue.begin()) + 1;
}

std::string RunEnd::text() const {
  std::string out = fmt::format("{} (exit status {})", meaning(status), status);
  if (done && total) out += fmt::format(": {} of {} cells done", *done, *total);
  if (failed && *failed > 0) out += fmt::format(", {} failed", *failed);
  if (pending && *pending > 0) out += fmt::format(", {} left", *pending);
  return out;
}

std::string RunState::running_text(int cells) const {
  if (holder) return "running";
  return fmt::format("{} running when the run {}", cells == 1 ? "was" : "were", end ? "ended" : "was killed");
}

RunState read_run_state(const fs::path& store, std::int64_t grid, double now) {
  RunState state;
  state.now = now;
  state.data_age = age_of_data(store, now);
  state.holder = living_holder(store);
  read_live(store, grid, state);
  if (!state.holder) state.end = read_run_end(store);
  return state;
}

}  // namespace mtlgrid
