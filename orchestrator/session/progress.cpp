#include "orchestrator/session/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr double kTerminalSeconds = 0.5, kLogSeconds = 15;
constexpr int kBarWidth = 30;

}  // namespace

std::string progress_text(const Coordinator::Counts& counts, double gone, std::optional<double> left) {
  const double share = counts.cost_total > 0 ? std::clamp(counts.cost_done / counts.cost_total, 0.0, 1.0) : 1;
  const int filled = static_cast<int>(share * kBarWidth);
  std::string line = fmt::format("[{}{}] {:3.0f} %  {}/{} cells", std::string(static_cast<std::size_t>(filled), '#'),
                                 std::string(static_cast<std::size_t>(kBarWidth - filled), '.'),
                                 std::floor(share * 100), counts.done, counts.total);
  if (counts.failed > 0) line += fmt::format(", {} failed", counts.failed);
  return line + fmt::format(", {} running on {} trainers of {} ranks, {} gone, ETA {}", counts.running, counts.slots,
                            counts.workers, spoken_duration(gone), left ? spoken_duration(*left) : "unknown");
}

void ProgressDisplay::draw(const std::string& text) {
  if (!terminal_) {
    fmt::print(stderr, "{}\n", text);
  } else {
    const std::size_t pad = width_ > text.size() ? width_ - text.size() : 0;
    fmt::print(stderr, "\r{}{}", text, std::string(pad, ' '));
    width_ = text.size();
  }
  std::fflush(stderr);
}

void ProgressDisplay::say(const std::string& line) {
  if (terminal_ && width_ > 0) {
    fmt::print(stderr, "\r{}\r", std::string(width_, ' '));
    width_ = 0;
  }
  fmt::print(stderr, "{}\n", printable_lines(line));
  std::fflush(stderr);
}

void ProgressDisplay::show(const Coordinator& coordinator, Coordinator::Now now) {
  if (!start_) {
    start_ = last_ = now.steady;
    return;
  }
  if (now.steady - last_ < (terminal_ ? kTerminalSeconds : kLogSeconds)) return;
  last_ = now.steady;
  draw(progress_text(coordinator.counts(), now.steady - *start_, coordinator.remaining_seconds(now)));
}

void ProgressDisplay::finish(const Coordinator& coordinator, Coordinator::Now now) {
  draw(progress_text(coordinator.counts(), now.steady - start_.value_or(now.steady),
                     coordinator.remaining_seconds(now)));
  if (terminal_) fmt::print(stderr, "\n");
  width_ = 0;
}

}  // namespace mtlgrid
