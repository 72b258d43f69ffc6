#include "results/status/status_render.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"
#include "results/status/query_render.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kFailuresShown = 20;

// What the run in progress reports of itself.
std::string live(const RunState& run, const char* cells) {
  const LiveRun& live = *run.live;
  const auto& c = live.cells;
  std::string out =
      fmt::format("This run: {} of {} {} done{}{}{}; {} gone", c.done, c.total, cells, count_item(c.running, "running"),
                  count_item(c.queued, "waiting"), count_item(c.failed, "failed"), spoken_duration(live.gone_seconds));
  if (live.eta_seconds) out += fmt::format("; about {} to go", spoken_duration(*live.eta_seconds));
  if (live.ends) out += fmt::format("; the allocation ends in {}", spoken_duration(*live.ends - run.now));
  return out + (live.stopping ? "; asked to stop.\n" : ".\n");
}

std::string held(const StoreStatus& s) {
  const RunState& run = s.run;
  std::string out = run.holder ? fmt::format("Held by a run: {}.\n", printable(run.holder->described()))
                               : std::string("No run holds the store.\n");
  if (run.live) out += live(run, cells_word(s));
  if (!run.trouble.empty()) out += fmt::format("{}: {}.\n", run.holder ? "No live status" : "Note", run.trouble);
  if (run.end) {
    out += fmt::format("The last run ended {} ago: {}.\n", spoken_duration(run.now - run.end->time), run.end->text());
  }
  if (run.data_age > 0) out += fmt::format("The rest is from the snapshot, {} old.\n", spoken_duration(run.data_age));
  return out;
}

std::string head(const StoreStatus& s) {
  std::string out = fmt::format("Grid {}: {} of {} {} done{}{}{}\n", s.grid_id, s.cells.done, s.cells.total(),
                                cells_word(s), count_item(s.cells.running, s.run.running_text(s.cells.running)),
                                count_item(s.cells.pending, "pending"), count_item(s.cells.failed, "failed"));
  out += held(s);
  if (s.cells_per_hour <= 0) return out;
  out += fmt::format("{} results in the last run, {:.0f} {} an hour; newest {} ago", s.done_in_run, s.cells_per_hour,
                     cells_word(s), spoken_duration(s.run.now - s.last_result));
  const bool told = s.run.live && s.run.live->eta_seconds;
  if (!std::isnan(s.eta_seconds) && !told) out += fmt::format("; about {} to go", spoken_duration(s.eta_seconds));
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
  return fmt::format("\nDone of all pairs{} (r {}, f failed)\n{}", s.repeats.size() > 1 ? " and repeats" : "",
                     s.run.running_text(), render(table, QueryFormat::table));
}

// Slides and their tiles by cohort.
std::string cohorts(const StoreStatus& s) {
  QueryResult table{{"cohort", "slides done", "without tissue", "tiles kept", "too bright", "too plain"}, {}};
  const auto number = [](std::int64_t n) { return n < 0 ? "" : with_separators(n); };
  for (std::size_t i = 0; i < s.methods.size(); ++i) {
    const StoreStatus::Tiles& t = s.tiles[i];
    table.rows.push_back({s.methods[i], square(s.matrix[i][0]), number(t.empty_slides), number(t.kept),
                          number(t.too_bright), number(t.too_plain)});
  }
  return fmt::format("\nSlides (r {}, f failed)\n{}", s.run.running_text(), render(table, QueryFormat::table));
}

std::string live_workers(const StoreStatus& s) {
  QueryResult table;
  table.columns = {"rank", "host", "device", "state", "heard of", "busy", "done", "broken"};
  for (const auto& w : s.run.live->workers) {
    int done = 0;
    for (const auto& stored : s.workers) done += stored.rank == w.rank && stored.host == w.host ? stored.done : 0;
    table.rows.push_back({std::to_string(w.rank), w.host, w.device, w.state, spoken_duration(w.heard_seconds) + " ago",
                          fmt::format("{} of {}", w.busy, w.slots), std::to_string(done),
                          w.broken > 0 ? fmt::format("{}: {}", w.broken, w.why) : ""});
  }
  return fmt::format("\nWorkers of the run\n{}", render(table, QueryFormat::table));
}

std::string workers(const StoreStatus& s) {
  if (s.run.live) return live_workers(s);
  if (s.workers.empty()) return "";
  QueryResult table;
  table.columns = {"rank", "host", "device", s.run.holder ? "running" : "was running", "done"};
  for (const auto& w : s.workers) {
    table.rows.push_back({std::to_string(w.rank), w.host, w.device, std::to_string(w.running), std::to_string(w.done)});
  }
  return fmt::format("\nWorkers of the last run\n{}", render(table, QueryFormat::table));
}

std::string failures(const StoreStatus& s) {
  std::string out;
  if (!s.lost.empty()) {
    out += "\nAttempts without a result:";
    for (const auto& l : s.lost) out += fmt::format(" {} {}", l.attempts, printable(l.outcome));
    out += " (view `failures`)\n";
  }
  if (s.failures.empty()) return out;
  QueryResult table;
  table.columns = {s.slides ? "failed slide" : "failed cell", "attempts", "outcome", "cause"};
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
  return head(status) + (status.slides ? cohorts(status) : matrix(status)) + workers(status) + failures(status);
}

}  // namespace mtlgrid
