#include "orchestrator/session/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/local_time.h"
#include "base/progress_bar.h"
#include "base/telling.h"
#include "base/terminal.h"
#include "base/text.h"
#include "orchestrator/scheduler/coordinator_status.h"

namespace mtlgrid {
namespace {

constexpr double kTerminalSeconds = 0.5, kLogSeconds = 15;
constexpr const char* kBegin = "\r\x1b[K";  // the line emptied

// What a line has; each later one of kSteps is narrower.
struct Parts {
  std::size_t bar = 0;
  bool cells = true, running = true, pool = true, gone = true, clock = true;
};
constexpr std::array<Parts, 8> kSteps = {{{30, true, true, true, true, true},
                                          {20, true, true, true, true, true},
                                          {20, true, true, false, true, true},
                                          {10, true, true, false, true, true},
                                          {10, true, true, false, false, true},
                                          {10, true, false, false, false, true},
                                          {0, true, false, false, false, false},
                                          {0, false, false, false, false, false}}};

std::string text_of(const Coordinator::Counts& counts, const ProgressTimes& times, const Parts& parts) {
  std::string line = progress_bar(share_done(counts), parts.bar);
  if (parts.cells) {
    line += fmt::format("  {}/{} {}{}", counts.done, counts.total, counts.slides ? "slides" : "cells",
                        count_item(counts.failed, "failed"));
  }
  if (parts.running) line += fmt::format(", {} running", counts.running);
  if (parts.pool) {
    line += fmt::format(" on {} of {}", counted(counts.slots, "trainer"), counted(counts.workers, "rank"));
  }
  if (parts.gone) line += fmt::format(", {} gone", spoken_duration(times.gone));
  line += fmt::format(", ETA {}", times.left ? spoken_duration(*times.left) : "unknown");
  if (parts.clock && times.left && *times.left > 0) {
    line += fmt::format(" ({})", expected_at(times.now + *times.left, times.now));
  }
  return line;
}

}  // namespace

std::string progress_text(const Coordinator::Counts& counts, const ProgressTimes& times, std::size_t columns) {
  std::string text;
  for (const Parts& parts : kSteps) {
    text = text_of(counts, times, parts);
    if (width(text) <= columns) return text;
  }
  return cut_to(text, columns);
}

std::string progress_log_text(const Coordinator::Counts& counts, const ProgressTimes& times) {
  return text_of(counts, times, {});
}

void ProgressDisplay::draw(const Coordinator& coordinator, Coordinator::Now now) {
  const ProgressTimes times = {now.steady - start_.value_or(now.steady), coordinator.remaining_seconds(now), now.wall};
  const auto terminal = terminal_size(STDERR_FILENO);
  if (!terminal) return tell_message(progress_log_text(coordinator.counts(), times));
  // The last column stays empty: some terminals wrap a line that fills it.
  const auto columns = static_cast<std::size_t>(terminal->columns - 1);
  std::string text = progress_text(coordinator.counts(), times, columns);
  if (text == drawn_) return;
  tell(kBegin + text);
  drawn_ = std::move(text);
}

void ProgressDisplay::say(const std::string& line) {
  if (!drawn_.empty()) tell(kBegin);
  tell_message(line);
  if (!drawn_.empty()) tell(drawn_);
}

void ProgressDisplay::show(const Coordinator& coordinator, Coordinator::Now now) {
  if (!start_) {
    start_ = last_ = now.steady;
    return;
  }
  if (now.steady - last_ < (terminal_size(STDERR_FILENO) ? kTerminalSeconds : kLogSeconds)) return;
  last_ = now.steady;
  draw(coordinator, now);
}

void ProgressDisplay::finish(const Coordinator& coordinator, Coordinator::Now now) {
  draw(coordinator, now);
  if (!drawn_.empty()) tell("\n");
  drawn_.clear();
}

}  // namespace mtlgrid
