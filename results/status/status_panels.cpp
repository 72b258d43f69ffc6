#include "results/status/status_panels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/local_time.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kNarrow = 22;  // a heading of workers that fits the narrowest panel

// The names of cells padded to one width, so that what follows stands in columns.
template <typename Row>
std::size_t widest_cell(const std::vector<Row>& rows) {
  std::size_t widest = 0;
  for (const Row& row : rows) widest = std::max(widest, width(printable(row.cell)));
  return widest;
}

// "0.412/0.550", training and validation; "" before there are any.
std::string losses_text(double train, double validation) {
  if (std::isnan(train) && std::isnan(validation)) return "";
  return fmt::format("{:.3f}/{:.3f}", train, validation);
}

}  // namespace

Panel worker_panel(const StoreStatus& s) {
  if (!s.run.live || s.run.live->workers.empty()) return {};
  std::vector<LiveRun::Worker> all = s.run.live->workers;
  int alive = 0, slots = 0, busy = 0;
  for (const auto& w : all) {
    if (w.state != "alive") continue;
    ++alive;
    slots += w.slots;
    busy += w.busy;
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    const bool well_a = a.state == "alive" && a.broken == 0, well_b = b.state == "alive" && b.broken == 0;
    return well_a != well_b ? well_b : a.rank < b.rank;
  });
  std::string sum = fmt::format("workers {}/{}, busy {}/{}", alive, all.size(), busy, slots);
  if (sum.size() > kNarrow) sum = fmt::format("up {}/{} busy {}/{}", alive, all.size(), busy, slots);
  Panel panel = {{sum}, "workers"};
  for (const auto& w : all) {
    std::string line = fmt::format("{:>3} {} {}/{}", w.rank, printable(w.host), w.busy, w.slots);
    if (w.state != "alive") line += fmt::format(" {} {}", printable(w.state), spoken_duration(w.heard_seconds));
    if (w.broken > 0) line += fmt::format(" {} broken: {}", w.broken, printable(w.why));
    if (!w.device.empty() && w.device != "none") line += fmt::format(" {}", printable(w.device));
    panel.lines.push_back(std::move(line));
  }
  return panel;
}

Panel running_panel(const StoreStatus& s) {
  if (!s.run.live || s.run.live->running.empty()) return {};
  std::vector<LiveRun::Running> all = s.run.live->running;
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.started < b.started; });
  const std::size_t cell = widest_cell(all);
  Panel panel = {{fmt::format("{}  {}", padded("running", cell),
                              s.slides ? "parts done" : "epochs done   loss of class  of value (training/validation)")},
                 s.slides ? "running slides" : "running cells"};
  for (const auto& r : all) {
    const std::string epochs = r.epochs > 0 ? fmt::format("{}/{}", r.epoch, r.epochs) : "starting";
    panel.lines.push_back(fmt::format("{}  {:<13} {:<14} {:<13} for {}", padded(printable(r.cell), cell), epochs,
                                      losses_text(r.losses.train_classification, r.losses.valid_classification),
                                      losses_text(r.losses.train_regression, r.losses.valid_regression),
                                      spoken_duration(s.run.now - r.started)));
  }
  return panel;
}

Panel result_panel(const StoreStatus& s, std::size_t at_most) {
  if (s.newest_results.empty()) return {};
  const std::size_t cell = widest_cell(s.newest_results);
  Panel panel = {{fmt::format("{}  ended     {}", padded("newest results", cell), s.slides ? "tiles kept" : "AUROC")},
                 "results"};
  for (const auto& r : s.newest_results) {
    if (panel.lines.size() > at_most) break;
    Lines values;
    for (const auto& [cohort, value] : r.auroc) {
      values.push_back(std::isnan(value) ? fmt::format("{} undefined", printable(cohort))
                                         : fmt::format("{} {:.3f}", printable(cohort), value));
    }
    if (r.tiles) values.push_back(with_separators(*r.tiles));
    panel.lines.push_back(
        fmt::format("{}  {}  {}", padded(printable(r.cell), cell), local_clock(r.ended), fmt::join(values, "  ")));
  }
  return panel;
}

Panel failure_panel(const StoreStatus& s) {
  if (s.newest_failures.empty()) return {};
  Lines counts;
  for (const auto& l : s.lost) counts.push_back(fmt::format("{} {}", l.attempts, printable(l.outcome)));
  Panel panel = {
      {fmt::format("attempts without a result: {}; newest first:", fmt::join(counts, ", "))}, "failures", true};
  for (const auto& f : s.newest_failures) {
    panel.lines.push_back(
        fmt::format("{} attempt {} {}: {}", printable(f.cell), f.attempts, printable(f.outcome), printable(f.cause)));
  }
  return panel;
}

std::vector<std::string> shortened(const Panel& panel, std::size_t room) {
  Lines lines = panel.lines;
  if (lines.size() <= room) return lines;
  if (room <= 1 || panel.heading_counts) {
    lines.resize(room);
    return lines;
  }
  const std::size_t left_out = lines.size() - room + 1;
  lines.resize(room - 1);
  lines.push_back(fmt::format("and {} more {}", left_out, panel.items));
  return lines;
}

std::vector<std::size_t> shares_of(const std::vector<Panel>& panels, std::size_t room) {
  constexpr std::size_t kFirst = 2;
  std::vector<std::size_t> shares;
  for (const Panel& panel : panels) {
    shares.push_back(std::min({panel.lines.size(), kFirst, room}));
    room -= shares.back();
  }
  for (bool grown = true; grown && room > 0;) {
    grown = false;
    for (std::size_t i = 0; i < panels.size() && room > 0; ++i) {
      if (shares[i] == 0 || shares[i] == panels[i].lines.size()) continue;
      ++shares[i];
      --room;
      grown = true;
    }
  }
  return shares;
}

}  // namespace mtlgrid
