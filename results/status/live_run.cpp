#include "results/status/live_run.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/errors.h"
#include "base/platform.h"
#include "base/text.h"
#include "results/store/layout.h"
#include "results/store/reading.h"
#include "results/store/small_file.h"

namespace mtlgrid {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kLargestEnd = 1 << 16;  // bytes of STORE.done
constexpr std::size_t kLargest = 32 << 20;    // bytes; 10,000 workers and their cells are 4 MB
// Above what any run counts, and sums of as many as the file has room for fit an int.
constexpr std::int64_t kMostOfAWorker = 4096, kMost = 100'000'000;

// A number of the file; throws InputError for one that no run writes.
int count_of(const json& j, const char* key, std::int64_t most = kMost) {
  const json& value = j.at(key);
  if (!value.is_number_integer() || value < 0 || value > most) {
    throw InputError(std::string(key) + " is not a number that a run writes");
  }
  return value.get<int>();
}

std::optional<int> optional_count(const json& j, const char* key) {
  return j.contains(key) && !j[key].is_null() ? std::optional(count_of(j, key)) : std::nullopt;
}

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
  run.cells.total = count_of(cells, "total");
  run.cells.done = count_of(cells, "done");
  run.cells.failed = count_of(cells, "failed");
  run.cells.running = count_of(cells, "running");
  run.cells.queued = count_of(cells, "queued");
  run.share = optional_of<double>(j, "share");
  run.eta_seconds = optional_of<double>(j, "eta_seconds");
  j.at("gone_seconds").get_to(run.gone_seconds);
  j.at("stopping").get_to(run.stopping);
  run.ends = optional_of<double>(j, "ends");
  for (const json& w : j.at("workers")) {
    run.workers.push_back({count_of(w, "rank"), w.at("host").get<std::string>(), w.at("state").get<std::string>(),
                           w.at("device").get<std::string>(), w.at("why").get<std::string>(),
                           w.at("heard_seconds").get<double>(), count_of(w, "slots", kMostOfAWorker),
                           count_of(w, "busy", kMostOfAWorker), count_of(w, "broken", kMostOfAWorker)});
  }
  for (const json& r : j.at("running")) {
    run.running.push_back({r.at("cell").get<std::string>(), count_of(r, "attempt"), count_of(r, "rank"),
                           count_of(r, "slot"), count_of(r, "epoch"), count_of(r, "epochs"), count_of(r, "pack"),
                           r.at("started").get<double>(), losses_of(r)});
  }
  j.at("queue").get_to(run.queue);
  j.at("avoid").get_to(run.avoid);
  return run;
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
  const SmallFile found = read_small_file(file, kLargest);
  if (!found.trouble.empty()) {
    state.trouble = printable(fmt::format("{} cannot be read: it {}", file.string(), found.trouble));
    return;
  }
  try {
    LiveRun run = parse(parse_small_json(found.bytes));
    if (state.holder && (state.holder->epoch == 0 || run.epoch == state.holder->epoch)) state.live_grid = run.grid;
    state.trouble = doubt(run, state.holder, grid, state.now - run.time);
    if (state.trouble.empty()) state.live = std::move(run);
  } catch (const json::exception& e) {
    state.trouble = printable(fmt::format("{} is not a valid live file: {}", file.string(), e.what()));
  } catch (const InputError& e) {
    state.trouble = printable(fmt::format("{} is not a valid live file: {}", file.string(), e.what()));
  }
}

// nullopt if STORE.done does not exist or cannot be read.
std::optional<RunEnd> read_run_end(const fs::path& store) {
  const json j = parse_small_json(read_small_file(store_path(store, StoreFile::done), kLargestEnd).bytes);
  if (!j.is_object()) return std::nullopt;
  try {
    RunEnd end;
    end.status = count_of(j, "status");
    j.at("time").get_to(end.time);
    j.at("epoch").get_to(end.epoch);
    end.total = optional_count(j, "total");
    end.done = optional_count(j, "done");
    end.failed = optional_count(j, "failed");
    end.pending = optional_count(j, "pending");
    end.slides = optional_count(j, "slides").value_or(0) != 0;
    return end;
  } catch (const json::exception&) {
    return std::nullopt;
  } catch (const InputError&) {
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
  if (done && total) out += fmt::format(": {} of {} {} done", *done, *total, slides ? "slides" : "cells");
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
