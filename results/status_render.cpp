// The text of `mtlgrid status`.
#include <fmt/format.h>

#include <cmath>

#include "results/status.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kFailuresShown = 20;

// "47 s", "3 min 20 s", "5 h 12 min", "2 d 3 h".
std::string duration(double seconds) {
  const auto s = static_cast<long long>(std::llround(std::max(0.0, seconds)));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  return fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
}

std::string counted(int n, const char* what) { return n == 0 ? "" : fmt::format(", {} {}", n, what); }

std::string head(const StoreStatus& s) {
  std::string out = fmt::format("Grid {}: {} of {} cells done{}{}{}\n", s.grid_id, s.cells.done, s.cells.total(),
                                counted(s.cells.running, "running"), counted(s.cells.pending, "pending"),
                                counted(s.cells.failed, "failed"));
  out += s.holder.empty() ? "No run holds the store.\n" : fmt::format("Held by a run: {}.\n", s.holder);
  if (s.cells_per_hour <= 0) return out;
  out += fmt::format("{} results in the last run, {:.0f} cells an hour; newest {} ago", s.done_in_run, s.cells_per_hour,
                     duration(s.now - s.last_result));
  if (!std::isnan(s.eta_seconds)) out += fmt::format("; about {} to go", duration(s.eta_seconds));
  return out + ".\n";
}

// "5/7 1r 1f": done of all, running, failed.
std::string square(const StateCounts& counts) {
  if (counts.total() == 0) return "";
  std::string text = fmt::format("{}/{}", counts.done, counts.total());
  if (counts.running > 0) text += fmt::format(" {}r", counts.running);
  if (counts.failed > 0) text += fmt::format(" {}f", counts.failed);
  return text;
}

std::string matrix(const StoreStatus& s) {
  QueryResult table;
  table.columns = {"method"};
  for (const int fold : s.folds) table.columns.push_back(fmt::format("fold {}", fold));
  for (std::size_t m = 0; m < s.methods.size(); ++m) {
    auto& row = table.rows.emplace_back();
    row.emplace_back(s.methods[m]);
    for (const StateCounts& counts : s.matrix[m]) row.emplace_back(square(counts));
  }
  return fmt::format("\nDone of all pairs (r running, f failed)\n{}", render(table, QueryFormat::table));
}

std::string workers(const StoreStatus& s) {
  if (s.workers.empty()) return "";
  QueryResult table;
  table.columns = {"rank", "host", "device", "running", "done"};
  for (const auto& w : s.workers) {
    table.rows.push_back({std::to_string(w.rank), w.host, w.device, std::to_string(w.running), std::to_string(w.done)});
  }
  return fmt::format("\nWorkers of the last run\n{}", render(table, QueryFormat::table));
}

std::string failures(const StoreStatus& s) {
  std::string out;
  if (!s.lost.empty()) {
    out += "\nAttempts without a result:";
    for (const auto& l : s.lost) out += fmt::format(" {} {}", l.attempts, l.outcome);
    out += " (view `failures`)\n";
  }
  if (s.failures.empty()) return out;
  QueryResult table;
  table.columns = {"failed cell", "attempts", "outcome", "cause"};
  for (std::size_t i = 0; i < s.failures.size() && i < kFailuresShown; ++i) {
    const auto& f = s.failures[i];
    table.rows.push_back({f.cell, std::to_string(f.attempts), f.outcome, f.cause});
  }
  out += fmt::format("\n{}", render(table, QueryFormat::table));
  if (s.failures.size() > kFailuresShown) {
    out += fmt::format("and {} more: view `failures`\n", s.failures.size() - kFailuresShown);
  }
  return out;
}

}  // namespace

std::string render_status(const StoreStatus& status) {
  return head(status) + matrix(status) + workers(status) + failures(status);
}

}  // namespace mtlgrid
