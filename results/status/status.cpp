#include "results/status/status.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "base/errors.h"
#include "base/platform.h"
#include "results/grids/grid_choice.h"
#include "results/metrics/registry.h"
#include "results/store/reading.h"

namespace mtlgrid {
namespace {

constexpr int kNewestFailures = 50, kNewestResults = 50;  // more than a terminal has lines

void add_state(StateCounts& counts, const std::string& state, int n) {
  if (state == "pending") counts.pending += n;
  if (state == "running") counts.running += n;
  if (state == "done") counts.done += n;
  if (state == "failed") counts.failed += n;
}

Statement of_grid(const Database& database, const char* sql, std::int64_t grid) {
  Statement select = database.prepare(sql);
  select.bind(1, grid);
  return select;
}

// Slides by cohort, in the place of cells by method.
void read_cohorts(const Database& database, StoreStatus& status) {
  Statement cells =
      of_grid(database, "SELECT biomarker, state, count(*) FROM cells WHERE grid_id = ? GROUP BY 1, 2 ORDER BY 1",
              status.grid_id);
  status.folds = {0};
  while (cells.step()) {
    if (status.methods.empty() || status.methods.back() != cells.text(0)) {
      status.methods.push_back(cells.text(0));
      status.matrix.emplace_back(1);
    }
    const int n = static_cast<int>(cells.integer(2));
    add_state(status.matrix.back()[0], cells.text(1), n);
    add_state(status.cells, cells.text(1), n);
  }
  Statement counts = of_grid(database,
                             "SELECT cohort, coalesce(kept, -1), coalesce(too_bright, -1), coalesce(too_plain, -1), "
                             "empty FROM slide_counts WHERE grid_id = ?",
                             status.grid_id);
  std::map<std::string, StoreStatus::Tiles> tiles;
  while (counts.step()) {
    tiles[counts.text(0)] = {counts.integer(1), counts.integer(2), counts.integer(3), counts.integer(4)};
  }
  for (const std::string& cohort : status.methods) status.tiles.push_back(tiles[cohort]);
}

// The numbers that a query of a grid gives, in its order.
std::vector<int> numbers_of(const Database& database, const char* query, std::int64_t grid) {
  Statement select = of_grid(database, query, grid);
  std::vector<int> numbers;
  while (select.step()) numbers.push_back(static_cast<int>(select.integer(0)));
  return numbers;
}

void read_matrix(const Database& database, StoreStatus& status) {
  Statement methods = of_grid(database,
                              "SELECT DISTINCT m.name FROM cells c JOIN methods m ON m.name = c.method "
                              "WHERE c.grid_id = ? ORDER BY m.position",
                              status.grid_id);
  std::map<std::string, std::size_t> row;
  while (methods.step()) {
    row.emplace(methods.text(0), status.methods.size());
    status.methods.push_back(methods.text(0));
  }
  status.folds = numbers_of(database, "SELECT DISTINCT fold FROM cells WHERE grid_id = ? ORDER BY 1", status.grid_id);
  status.repeats =
      numbers_of(database, "SELECT DISTINCT repeat FROM cells WHERE grid_id = ? ORDER BY 1", status.grid_id);
  std::map<std::int64_t, std::size_t> column;
  for (const int fold : status.folds) column.emplace(fold, column.size());
  status.matrix.assign(row.size(), std::vector<StateCounts>(column.size()));
  Statement cells = of_grid(
      database, "SELECT method, fold, state, count(*) FROM cells WHERE grid_id = ? GROUP BY 1, 2, 3", status.grid_id);
  while (cells.step()) {
    const int n = static_cast<int>(cells.integer(3));
    add_state(status.matrix[row.at(cells.text(0))][column.at(cells.integer(1))], cells.text(2), n);
    add_state(status.cells, cells.text(2), n);
  }
}

CellSign sign_of(const std::string& state) {
  return state == "done"      ? CellSign::done
         : state == "failed"  ? CellSign::failed
         : state == "running" ? CellSign::running
                              : CellSign::waiting;
}

template <typename T>
std::size_t index_of(const std::vector<T>& all, const T& one) {
  return static_cast<std::size_t>(std::find(all.begin(), all.end(), one) - all.begin());
}

void read_signs(const Database& database, StoreStatus& status) {
  Statement pairs = of_grid(database,
                            "SELECT biomarker || '/' || auxiliary FROM cells WHERE grid_id = ? "
                            "GROUP BY biomarker, auxiliary ORDER BY min(cell_id)",
                            status.grid_id);
  while (pairs.step()) status.pairs.push_back(pairs.text(0));
  if (status.cells.total() > kSignsKept) return;
  const std::vector<std::optional<CellSign>> none(status.repeats.size() * status.pairs.size());
  status.signs.assign(status.methods.size(), std::vector(status.folds.size(), none));
  Statement cells = of_grid(
      database, "SELECT method, fold, biomarker || '/' || auxiliary, state, repeat FROM cells WHERE grid_id = ?",
      status.grid_id);
  while (cells.step()) {
    auto& square =
        status
            .signs[index_of(status.methods, cells.text(0))][index_of(status.folds, static_cast<int>(cells.integer(1)))];
    const std::size_t repeat = index_of(status.repeats, static_cast<int>(cells.integer(4)));
    square[repeat * status.pairs.size() + index_of(status.pairs, cells.text(2))] = sign_of(cells.text(3));
  }
}

// The live file is newer than the snapshot: it decides what runs and what waits. Cells that wait in the snapshot and
// are not in the live file have ended since, if the run has ended that many more than the snapshot shows; else they are
// not of this run.
void correct_signs(StoreStatus& status) {
  if (!status.run.live) return;
  const LiveRun& live = *status.run.live;
  std::set<std::string> running;
  for (const auto& r : live.running) running.insert(r.cell);
  const std::set<std::string> waiting(live.queue.begin(), live.queue.end());
  std::vector<CellSign*> unlisted;
  for (std::size_t m = 0; m < status.signs.size(); ++m) {
    for (std::size_t f = 0; f < status.folds.size(); ++f) {
      for (std::size_t i = 0; i < status.signs[m][f].size(); ++i) {
        std::optional<CellSign>& sign = status.signs[m][f][i];
        if (!sign) continue;
        const Cell of_fold = {"", "", "", status.folds[f], status.repeats[i / status.pairs.size()]};
        const std::string cell =
            status.pairs[i % status.pairs.size()] + "/" + status.methods[m] + "/" + of_fold.fold_name();
        if (running.contains(cell)) {
          sign = CellSign::running;
        } else if (waiting.contains(cell)) {
          sign = CellSign::waiting;
        } else if (sign == CellSign::running) {
          sign = CellSign::ended;
        } else if (sign == CellSign::waiting && !live.queue_unnamed()) {
          unlisted.push_back(&*sign);
        }
      }
    }
  }
  const int unseen = live.cells.done + live.cells.failed - status.done_in_run;
  const CellSign sign = unseen >= static_cast<int>(unlisted.size()) ? CellSign::ended : CellSign::outside;
  for (CellSign* cell : unlisted) *cell = sign;
}

void read_failures(const Database& database, StoreStatus& status) {
  Statement failed = of_grid(database,
                             "SELECT c.name, a.outcome, "
                             "a.cause, a.attempt FROM cells c JOIN attempts a ON a.cell_id = c.cell_id WHERE c.grid_id "
                             "= ? AND c.state = 'failed' AND a.attempt = (SELECT max(attempt) FROM attempts b WHERE "
                             "b.cell_id = c.cell_id AND b.outcome NOT IN ('running', 'done')) ORDER BY c.cell_id",
                             status.grid_id);
  while (failed.step()) {
    status.failures.push_back({failed.text(0), failed.text(1), failed.text(2), static_cast<int>(failed.integer(3))});
  }
  Statement lost = of_grid(database,
                           "SELECT a.outcome, count(*) FROM attempts a JOIN cells c ON c.cell_id = a.cell_id "
                           "WHERE c.grid_id = ? AND a.outcome NOT IN ('running', 'done') GROUP BY 1 ORDER BY 1",
                           status.grid_id);
  while (lost.step()) status.lost.push_back({lost.text(0), static_cast<int>(lost.integer(1))});
  Statement newest = of_grid(database,
                             "SELECT c.name, a.outcome, "
                             "a.cause, a.attempt FROM attempts a JOIN cells c ON c.cell_id = a.cell_id "
                             "WHERE c.grid_id = ?1 AND a.outcome IN ('failed', 'crashed', 'lost') "
                             "ORDER BY a.ended DESC, a.cell_id, a.attempt DESC LIMIT ?2",
                             status.grid_id);
  newest.bind(2, kNewestFailures);
  while (newest.step()) {
    status.newest_failures.push_back(
        {newest.text(0), newest.text(1), newest.text(2), static_cast<int>(newest.integer(3))});
  }
}

void read_newest_results(const Database& database, StoreStatus& status) {
  Statement newest =
      of_grid(database,
              "SELECT c.name, a.ended, "
              "a.cell_id, a.attempt FROM attempts a JOIN cells c ON c.cell_id = a.cell_id AND "
              "c.result_attempt = a.attempt WHERE c.grid_id = ?1 ORDER BY a.ended DESC, a.cell_id LIMIT ?2",
              status.grid_id);
  newest.bind(2, kNewestResults);
  Statement auroc = database.prepare(
      "SELECT cohort, value FROM metrics WHERE cell_id = ? AND attempt = ? AND metric = ? "
      "ORDER BY cohort <> 'test', position");
  Statement kept = database.prepare("SELECT kept FROM slide_results WHERE cell_id = ? AND attempt = ?");
  while (newest.step()) {
    StoreStatus::Result& result = status.newest_results.emplace_back();
    result.cell = newest.text(0);
    result.ended = newest.real(1);
    auroc.bind_all(newest.integer(2), newest.integer(3), table1_metrics().front()->name);
    while (auroc.step()) result.auroc.emplace_back(auroc.text(0), auroc.real(1));
    auroc.reset();
    if (!status.slides) continue;
    kept.bind_all(newest.integer(2), newest.integer(3));
    if (kept.step()) result.tiles = kept.integer(0);
    kept.reset();
  }
}

void read_workers(const Database& database, StoreStatus& status) {
  Statement workers =
      of_grid(database,
              "SELECT a.host, a.device, a.rank, count(*) FILTER (WHERE a.outcome = 'running'), "
              "count(*) FILTER (WHERE a.outcome = 'done') FROM attempts a JOIN cells c ON c.cell_id = "
              "a.cell_id WHERE c.grid_id = ?1 AND a.outcome IN ('running', 'done') AND (a.ended IS NULL "
              "OR a.ended >= ?2) GROUP BY 1, 2, 3 ORDER BY 3, 1, 2",
              status.grid_id);
  workers.bind(2, status.run_opened);
  while (workers.step()) {
    status.workers.push_back({workers.text(0), workers.text(1), static_cast<int>(workers.integer(2)),
                              static_cast<int>(workers.integer(3)), static_cast<int>(workers.integer(4))});
  }
}

// Throughput since the run opened the store; the remaining cells are assumed to take as long.
void read_throughput(const Database& database, StoreStatus& status) {
  Statement results = of_grid(database,
                              "SELECT count(*), max(a.ended) FROM attempts a JOIN cells c ON c.cell_id = a.cell_id "
                              "WHERE c.grid_id = ?1 AND a.outcome = 'done' AND a.ended >= ?2",
                              status.grid_id);
  results.bind(2, status.run_opened);
  results.step();
  status.done_in_run = static_cast<int>(results.integer(0));
  status.last_result = results.is_null(1) ? 0 : results.real(1);
  const double seconds = status.last_result - status.run_opened;
  if (status.done_in_run > 0 && seconds > 0) status.cells_per_hour = 3600 * status.done_in_run / seconds;
  status.eta_seconds = std::numeric_limits<double>::quiet_NaN();
  if (status.cells_per_hour > 0 && status.run.holder) {
    status.eta_seconds = 3600 * (status.cells.pending + status.cells.running) / status.cells_per_hour;
  }
}

}  // namespace

std::optional<std::int64_t> running_grid(const std::filesystem::path& store, const Database& database) {
  const RunState state = read_run_state(store, 0, Platform::real().now());
  if (!state.holder) return std::nullopt;
  if (state.live_grid) {  // a snapshot may be older
    Statement known = database.prepare("SELECT 1 FROM grids WHERE grid_id = ?");
    return known.bind_all(*state.live_grid).step() ? state.live_grid : std::nullopt;
  }
  return database.integer(
      "SELECT c.grid_id FROM attempts a JOIN cells c USING (cell_id) WHERE a.outcome = 'running' "
      "ORDER BY a.started DESC LIMIT 1");
}

StoreStatus read_status(const std::filesystem::path& store, std::optional<std::int64_t> grid) {
  const Database database = open_for_reading(store);
  StoreStatus status;
  status.grid_id = choose_grid_of_state(database, grid, grid ? std::nullopt : running_grid(store, database));
  status.run = read_run_state(store, status.grid_id, Platform::real().now());
  Statement opened = database.prepare("SELECT opened FROM runs ORDER BY epoch DESC LIMIT 1");
  if (opened.step()) status.run_opened = opened.real(0);
  opened.reset();
  Statement of_slides =
      of_grid(database, "SELECT 1 FROM cells WHERE grid_id = ? AND method = 'extract' LIMIT 1", status.grid_id);
  status.slides = of_slides.step();
  of_slides.reset();
  if (status.slides) {
    read_cohorts(database, status);
  } else {
    read_matrix(database, status);
    read_signs(database, status);
  }
  read_failures(database, status);
  read_newest_results(database, status);
  read_workers(database, status);
  read_throughput(database, status);
  correct_signs(status);
  return status;
}

}  // namespace mtlgrid
