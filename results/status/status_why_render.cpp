#include "results/status/status_why_render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace mtlgrid {
namespace {

std::string times(int n) { return n == 1 ? "once" : n == 2 ? "twice" : fmt::format("{} times", n); }

// "mtlgrid run grid.ini", quoted for a shell; of a slide "mtlgrid extract grid.ini".
std::string run_command(const CellHistory& history) {
  return (history.cell.is_slide() ? "mtlgrid extract " : "mtlgrid run ") +
         (history.config.empty() ? "CONFIG" : printable(shell_quoted(history.config)));
}

std::string only_this(const CellHistory& history) {
  const Cell& c = history.cell;
  if (c.is_slide()) return "--cohort " + printable(shell_quoted(c.biomarker));
  std::string only =
      fmt::format("biomarker={},auxiliary={},method={},fold={}", c.biomarker, c.auxiliary, c.method, c.fold);
  if (c.repeat > 0) only += fmt::format(",repeat={}", c.repeat);
  return "--only " + printable(shell_quoted(only));
}

std::string from_checkpoint(const CellHistory& history) {
  return history.checkpoint.empty()
             ? " from its beginning"
             : fmt::format(" from {}/{}", printable(history.folder), printable(history.checkpoint));
}

int ended_as(const CellHistory& history, const std::string& outcome) {
  return static_cast<int>(std::count_if(history.attempts.begin(), history.attempts.end(),
                                        [&](const auto& a) { return a.outcome == outcome; }));
}

// Why a failed cell is not tried again.
std::string given_up(const CellHistory& history) {
  const std::string last = history.attempts.empty() ? "" : history.attempts.back().outcome;
  if (last == "crashed") {
    return fmt::format("its trainer died {} (cluster.retries_crash = {})", times(ended_as(history, last)),
                       history.retries_crash);
  }
  if (last == "lost") {
    return fmt::format("its worker was lost {} (cluster.retries_lost = {})", times(ended_as(history, last)),
                       history.retries_lost);
  }
  return history.cell.is_slide() ? "a fault of the slide or the settings; a retry would fail the same way"
                                 : "a data or numerical error; a retry would fail the same way";
}

std::string what_to_do(const CellHistory& history) {
  return fmt::format("fix the cause, then: {} --retry-failed {}", run_command(history), only_this(history));
}

void tell_running(const CellHistory& history, const LiveRun::Running& r, std::vector<std::string>& lines) {
  const LiveRun& live = *history.run.live;
  const auto worker =
      std::find_if(live.workers.begin(), live.workers.end(), [&](const auto& w) { return w.rank == r.rank; });
  std::string line = fmt::format("attempt {} runs", r.attempt);
  line += worker == live.workers.end() ? "" : fmt::format(" on {}", printable(worker->host));
  line += fmt::format(", rank {}, slot {}, for {}", r.rank, r.slot, spoken_duration(history.run.now - r.started));
  if (history.cell.is_slide()) {
    line += r.epochs > 0 ? fmt::format(", {} of {} parts done", r.epoch, r.epochs) : "";
  } else if (r.epochs > 0) {
    line += fmt::format(", in epoch {} of {} at most", std::min(r.epoch + 1, r.epochs), r.epochs);
  }
  if (r.pack > 1) line += fmt::format(", in a pack of {}", r.pack);
  lines.push_back(line);
  if (worker != live.workers.end() && worker->state != "alive") {
    lines.push_back(fmt::format("that worker is {}: its last message came {} ago", printable(worker->state),
                                spoken_duration(worker->heard_seconds)));
  }
}

void tell_waiting(const CellHistory& history, std::vector<std::string>& lines) {
  const LiveRun& live = *history.run.live;
  const std::string cell = history.cell.name();
  const int place = live.place_of(cell);
  int slots = 0, alive = 0;
  for (const auto& w : live.workers) {
    if (w.state != "alive") continue;
    ++alive;
    slots += w.slots - w.broken;
  }
  lines.push_back(fmt::format("waits for a trainer: place {} of {} in the queue; {} trainers of {} workers serve it",
                              place, live.queue.size(), slots, alive));
  const auto avoid = live.avoid.find(cell);
  if (avoid != live.avoid.end()) lines.push_back(printable(avoid->second));
  if (live.stopping) lines.push_back("the run was asked to stop: the next run trains the cell");
}

// What the run in progress does with the cell.
void tell_live(const CellHistory& history, std::vector<std::string>& lines) {
  const LiveRun& live = *history.run.live;
  const std::string age = spoken_duration(history.run.data_age);
  if (const auto* running = live.find_running(history.cell.name())) {
    tell_running(history, *running, lines);
  } else if (live.place_of(history.cell.name()) > 0) {
    tell_waiting(history, lines);
  } else if (history.state == "running") {
    lines.push_back(fmt::format("its attempt has ended since the snapshot ({} old); the next snapshot shows how", age));
  } else if (history.state == "pending" && live.queue_unnamed()) {
    lines.push_back(
        fmt::format("queued, or excluded by the run's --only: {} cells are queued, too many for the live "
                    "file to name them",
                    live.cells.queued));
  } else if (history.state == "pending") {
    lines.push_back(
        fmt::format("the run in progress neither trains it nor has it queued: its --only excludes the cell, "
                    "or the cell has ended since the snapshot ({} old)",
                    age));
  }
}

void tell_without_live(const CellHistory& history, std::vector<std::string>& lines) {
  const bool held = history.run.holder.has_value();
  if (held) lines.push_back(fmt::format("held by a run: {}", printable(history.run.holder->described())));
  if (!history.run.trouble.empty()) lines.push_back(history.run.trouble);
  if (history.state == "running" && !held) {
    lines.push_back(
        fmt::format("no run holds the store; {} continues it{}", run_command(history), from_checkpoint(history)));
  }
  if (history.state != "pending") return;
  if (held) {
    lines.push_back("queued, or excluded by the run's --only");
    return;
  }
  lines.push_back(fmt::format("no run holds the store; {} {} it{}", run_command(history),
                              history.cell.is_slide() ? "extracts" : "trains",
                              history.attempts.empty() ? "" : from_checkpoint(history)));
  if (history.run.end) {
    lines.push_back(fmt::format("the last run ended {} ago: {}",
                                spoken_duration(history.run.now - history.run.end->time), history.run.end->text()));
  }
}

// The live file is newer than the snapshot.
std::string state_now(const CellHistory& history) {
  if (!history.run.live) return history.state == "running" ? history.run.running_text() : history.state;
  const std::string cell = history.cell.name();
  return history.run.live->find_running(cell)   ? "running"
         : history.run.live->place_of(cell) > 0 ? "waiting"
                                                : history.state;
}

// The state of the cell and what happens next, a line each.
std::vector<std::string> next(const CellHistory& history) {
  std::vector<std::string> lines;
  const bool running = history.run.live && history.run.live->find_running(history.cell.name());
  if (history.result_attempt) lines.push_back(fmt::format("attempt {} counts", *history.result_attempt));
  if (history.run.live) {
    tell_live(history, lines);
  } else {
    tell_without_live(history, lines);
  }
  if (history.state == "failed" && !running) {
    lines.push_back(fmt::format("given up: {}", given_up(history)));
    lines.push_back(what_to_do(history));
  }
  return lines;
}

std::string when(const CellHistory::Attempt& a, double now) {
  std::string text = spoken_time(a.started) + " UTC";
  if (std::isnan(a.ended)) {
    return a.outcome == "running" ? fmt::format("{}, {} ago", text, spoken_duration(now - a.started))
                                  : text + ", its end was not recorded";
  }
  if (std::isnan(a.started)) return fmt::format("ended {} UTC", spoken_time(a.ended));
  const double took = a.ended - a.started;
  return fmt::format("{}, for {}", text, took < 10 ? fmt::format("{:.1f} s", took) : spoken_duration(took));
}

std::string where(const CellHistory::Attempt& a) {
  if (a.host.empty()) return "unknown: it never began";
  std::string text = fmt::format("{}, rank {}, {}", printable(a.host), a.rank, printable(a.device));
  if (a.threads > 1) text += fmt::format(", {} threads", a.threads);
  if (a.pack > 1) text += fmt::format(", in a pack of {}: {}", a.pack, printable(a.members));
  return text;
}

// For an attempt without a result the log shows how far it came.
std::string epochs(const CellHistory& history, const CellHistory::Attempt& a) {
  if (a.epochs > 0) return fmt::format("{}, the best was {}", a.epochs, a.best_epoch);
  const LiveRun::Running* running = history.run.live ? history.run.live->find_running(history.cell.name()) : nullptr;
  if (running && running->attempt == a.attempt && running->epochs > 0) {
    return fmt::format("{} of {} at most", running->epoch, running->epochs);
  }
  return a.log.epochs > 0 ? fmt::format("{} done", a.log.epochs) : "none known to be complete";
}

void add(std::string& to, const char* what, const std::string& text) { to += fmt::format("  {:<8}{}\n", what, text); }

std::string attempt(const CellHistory& history, const CellHistory::Attempt& a) {
  const std::string outcome = a.outcome == "running" ? history.run.running_text() : printable(a.outcome);
  std::string out =
      fmt::format("\nAttempt {}: {}{}\n", a.attempt, outcome, a.attempt == history.result_attempt ? ", counts" : "");
  if (!a.cause.empty()) add(out, "cause", printable(a.cause));
  add(out, "where", where(a));
  add(out, "when", when(a, history.run.now));
  if (!history.cell.is_slide()) add(out, "epochs", epochs(history, a));
  if (!a.log.resumed_from.empty()) add(out, "resumed", "from " + printable(a.log.resumed_from));
  if (a.resumed > 0 && a.log.resumed_from.empty()) {
    add(out, "resumed", fmt::format("in epoch {}, from a checkpoint of an earlier attempt", a.resumed));
  }
  add(out, "log", printable(history.folder + "/" + a.log.path) + (a.log.trouble.empty() ? "" : ": " + a.log.trouble));
  for (const std::string& line : a.log.lines) out += fmt::format("    | {}\n", printable(line));
  // The stored detail is the end of the log, so it is shown only where the log is missing.
  if (!a.detail.empty() && !a.log.trouble.empty()) {
    out += "  detail\n";
    std::string line = "    | ";
    for (const char c : a.detail) {
      line += c;
      if (c == '\n') line += "    | ";
    }
    out += printable_lines(line) + "\n";
  }
  return out;
}

std::string slide_lines(const SlideRecord& s) {
  std::string out;
  add(out, "slide", printable(s.slide_file));
  add(out, "output", s.feature_file.empty() ? "none: no tile was kept" : printable(s.feature_file));
  add(out, "tiles",
      s.tiles == kNotCounted
          ? fmt::format("{} kept; the file was there before the run", s.kept)
          : fmt::format("{} seen, {} kept, {} too bright, {} too plain", s.tiles, s.kept, s.too_bright, s.too_plain));
  if (s.mpp > 0) {
    add(out, "size", fmt::format("{} x {} pixels of {} um ({})", s.width, s.height, s.mpp, printable(s.mpp_source)));
  }
  return out;
}

}  // namespace

std::string render_history(const CellHistory& history) {
  std::string out =
      fmt::format("{}: {} (grid {})\n", printable(history.cell.name()), printable(state_now(history)), history.grid_id);
  for (const std::string& line : next(history)) out += fmt::format("  {}\n", line);
  if (history.slide) out += slide_lines(*history.slide);
  for (const auto& a : history.attempts) out += attempt(history, a);
  if (history.attempts.empty()) out += "\nNo attempt yet.\n";
  return out;
}

}  // namespace mtlgrid
