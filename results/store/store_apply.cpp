#include "results/store/store_apply.h"

#include <set>
#include <string_view>

#include "results/store/cell_columns.h"
#include "results/store/schema.h"
#include "results/store/sqlite.h"

namespace mtlgrid {
namespace {

struct CellRow {
  std::int64_t id = 0;
  std::string state;
  std::optional<std::int64_t> result_attempt;
};

std::span<const std::byte> bytes_of(const std::vector<float>& values) { return std::as_bytes(std::span(values)); }

}  // namespace

struct RecordApplier::Statements {
  using Effect = RecordApplier::Effect;

  explicit Statements(Database& d) : database(d) {}

  Database& database;
  Statement mark = database.prepare("UPDATE meta SET value = ? WHERE key = 'sequence'");
  Statement mark_chain =
      database.prepare("INSERT INTO meta VALUES ('chain', ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  Statement add_run = database.prepare("INSERT INTO runs VALUES (?, ?, ?, ?, ?)");
  Statement interrupt = database.prepare(
      "UPDATE attempts SET outcome = 'interrupted', cause = ? "
      "WHERE outcome = 'running'");
  Statement unrun = database.prepare("UPDATE cells SET state = 'pending' WHERE state = 'running'");

  Statement find_grid = database.prepare("SELECT grid_id, content FROM grids WHERE identity = ?");
  Statement add_grid = database.prepare(
      "INSERT INTO grids (identity, settings, content, created) VALUES (?, ?, ?, ?) "
      "RETURNING grid_id");
  Statement update_grid = database.prepare("UPDATE grids SET settings = ?, content = ? WHERE grid_id = ?");
  Statement add_method = database.prepare(kAddMethod);
  Statement add_cell = database.prepare("INSERT INTO cells (grid_id, " + kCellColumns +
                                        ") VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  Statement add_split = database.prepare(
      "INSERT INTO splits VALUES (?, ?, ?, ?, ?, ?) "
      "ON CONFLICT DO UPDATE SET role = excluded.role");
  Statement add_drop = database.prepare("INSERT INTO drops VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  Statement clear_cohorts = database.prepare("DELETE FROM grid_cohorts WHERE grid_id = ?");
  Statement add_cohort = database.prepare("INSERT INTO grid_cohorts VALUES (?, ?, ?, ?, ?)");

  Statement find_cell = database.prepare("SELECT cell_id, state, result_attempt FROM cells WHERE " + kIsCell);
  Statement set_state = database.prepare("UPDATE cells SET state = ? WHERE cell_id = ?");
  Statement set_result = database.prepare("UPDATE cells SET state = 'done', result_attempt = ? WHERE cell_id = ?");
  Statement find_attempt = database.prepare("SELECT outcome FROM attempts WHERE cell_id = ? AND attempt = ?");
  Statement count_running = database.prepare(
      "SELECT count(*) FROM attempts WHERE cell_id = ? "
      "AND outcome = 'running'");
  // An attempt that begins again continues from its checkpoint, perhaps on another host.
  Statement begin = database.prepare(
      "INSERT INTO attempts (cell_id, attempt, host, rank, device, cpu, threads, pack, version, libraries, members, "
      "started, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running') ON CONFLICT DO UPDATE SET host = "
      "excluded.host, "
      "rank = excluded.rank, device = excluded.device, cpu = excluded.cpu, threads = excluded.threads, "
      "pack = excluded.pack, version = excluded.version, libraries = excluded.libraries, "
      "members = excluded.members, ended = NULL, "
      "outcome = 'running', cause = '', detail = '', resumed = resumed + 1");
  Statement finish = database.prepare(
      "INSERT INTO attempts (cell_id, attempt, host, rank, device, cpu, threads, pack, version, libraries, members, "
      "started, ended, best_epoch, resumed, cause, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
      "'done') "
      "ON CONFLICT DO UPDATE SET host = excluded.host, rank = excluded.rank, device = excluded.device, "
      "cpu = excluded.cpu, threads = excluded.threads, pack = excluded.pack, version = excluded.version, "
      "libraries = excluded.libraries, members = excluded.members, started = excluded.started, ended = excluded.ended, "
      "best_epoch = excluded.best_epoch, resumed = max(resumed, excluded.resumed), detail = CASE outcome WHEN "
      "'running' THEN detail ELSE "
      "'counted as ' || outcome || ' before the result came: ' || cause || char(10) || detail END, "
      "cause = excluded.cause, outcome = 'done'");
  Statement note = database.prepare("UPDATE attempts SET cause = ? WHERE cell_id = ? AND attempt = ?");
  // A failure of an attempt that never began has no environment to tell of.
  Statement fail = database.prepare(
      "INSERT INTO attempts (cell_id, attempt, host, rank, device, cpu, threads, pack, version, libraries, members, "
      "ended, outcome, cause, detail, resumed) VALUES (?, ?, '', 0, '', '', 0, 0, '', '', '', ?, ?, ?, ?, ?) "
      "ON CONFLICT DO UPDATE SET ended = excluded.ended, outcome = excluded.outcome, cause = excluded.cause, "
      "detail = excluded.detail, resumed = max(resumed, excluded.resumed)");

  Statement add_epoch = database.prepare("INSERT INTO epochs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  Statement add_prediction = database.prepare("INSERT INTO predictions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  Statement add_metric = database.prepare("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  Statement add_embedding = database.prepare("INSERT INTO embeddings VALUES (?, ?, ?, ?, ?, ?)");
  // What is not known is NULL.
  Statement add_slide = database.prepare(
      "INSERT INTO slide_results VALUES (?, ?, ?, nullif(?, ''), nullif(?, 0), nullif(?, 0), nullif(?, 0), nullif(?, "
      "0.0), "
      "nullif(?, ''), nullif(?, -1), ?, nullif(?, -1), nullif(?, -1))");

  CellRow cell(std::int64_t grid, const Cell& cell) {
    bind_cell(find_cell, grid, cell);
    if (!find_cell.step()) {
      throw Error(ErrorKind::fatal, cell.name() + ": grid " + std::to_string(grid) + " of the store has no such cell");
    }
    CellRow row = {find_cell.integer(0), find_cell.text(1), std::nullopt};
    if (!find_cell.is_null(2)) row.result_attempt = find_cell.integer(2);
    find_cell.reset();
    return row;
  }

  // How an attempt stands; empty if the store does not know it.
  std::string outcome(std::int64_t cell, int attempt) {
    find_attempt.bind_all(cell, attempt);
    if (!find_attempt.step()) return "";
    std::string outcome = find_attempt.text(0);
    find_attempt.reset();
    return outcome;
  }

  bool any_running(std::int64_t cell) {
    count_running.bind_all(cell);
    count_running.step();
    const bool any = count_running.integer(0) > 0;
    count_running.reset();
    return any;
  }

  void add_rows(std::int64_t cell, const CellResult& r) {
    for (const EpochRow& e : r.epochs) {
      add_epoch
          .bind_all(cell, r.attempt, e.epoch, e.train_classification, e.train_regression, e.valid_classification,
                    e.valid_regression, e.weight_classification, e.weight_regression, e.seconds)
          .run();
    }
    int position = 0;
    for (const Prediction& p : r.predictions) {
      add_prediction
          .bind_all(cell, r.attempt, p.cohort, p.patient, position++, p.label, p.score, p.log_odds, p.target,
                    p.prediction)
          .run();
    }
    position = 0;
    for (const MetricRow& m : r.metrics) {
      add_metric
          .bind_all(cell, r.attempt, m.cohort, m.metric, position++, m.value, m.ci_low, m.ci_high, m.n, m.redrawn,
                    m.reason)
          .run();
    }
    position = 0;
    for (const Embedding& e : r.embeddings) {
      add_embedding.bind_all(cell, r.attempt, e.cohort, e.patient, position++).bind_blob(6, bytes_of(e.values));
      add_embedding.run();
    }
    if (!r.slide) return;
    const SlideRecord& s = *r.slide;
    add_slide
        .bind_all(cell, r.attempt, s.slide_file, s.feature_file, s.bytes, s.width, s.height, s.mpp, s.mpp_source,
                  s.tiles, s.kept, s.too_bright, s.too_plain)
        .run();
  }

  // Binds parameters 3 to 11 of `begin` and `finish`.
  static void bind_environment(Statement& statement, const Environment& e) {
    statement.bind(3, e.host);
    statement.bind(4, e.rank);
    statement.bind(5, e.device);
    statement.bind(6, e.cpu);
    statement.bind(7, e.threads);
    statement.bind(8, e.pack);
    statement.bind(9, e.version);
    statement.bind(10, e.libraries);
    statement.bind(11, e.members);
  }

  Effect apply(const RunOpened& r) {
    add_run.bind_all(static_cast<std::int64_t>(r.epoch), r.host, r.pid, r.time, r.version).run();
    interrupt.bind_all("found running when run " + std::to_string(r.epoch) + " opened the store").run();
    unrun.run();
    return {.changed = true};
  }

  std::int64_t enter_grid(const GridRecord& grid, const std::string& content, double time) {
    const std::string settings = grid.settings.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    find_grid.bind_all(grid.identity);
    if (find_grid.step()) {
      const std::int64_t id = find_grid.integer(0);
      find_grid.reset();
      update_grid.bind_all(settings, content, id).run();
      return id;
    }
    add_grid.bind_all(grid.identity, settings, content, time);
    add_grid.step();
    const std::int64_t id = add_grid.integer(0);
    add_grid.reset();
    return id;
  }

  Effect apply(const GridRegistered& r) {
    const std::string content = content_hash(r.grid);
    if (known_content(r.grid.identity) == content) return {};
    const std::int64_t id = enter_grid(r.grid, content, r.time);
    add_methods(r.grid.cells);
    for (const Cell& c : r.grid.cells) bind_cell(add_cell, id, c).run();
    for (const SplitRow& s : r.grid.splits) {
      add_split.bind_all(id, s.biomarker, s.auxiliary, s.fold, s.patient, s.role).run();
    }
    for (const auto& d : r.grid.drops) {
      add_drop.bind_all(id, d.biomarker, d.auxiliary, d.drop.cohort, d.drop.patient, d.drop.slide, d.drop.reason).run();
    }
    clear_cohorts.bind_all(id).run();
    int position = 0;
    for (const auto& c : r.grid.cohorts) add_cohort.bind_all(id, c.biomarker, position++, c.cohort, c.role).run();
    return {.changed = true};
  }

  // Another program may have registered a grid with methods that this one does not have.
  void add_methods(const std::vector<Cell>& cells) {
    std::set<std::string_view> added;
    for (const Cell& c : cells) {
      if (added.insert(c.method).second) add_method.bind_all(c.method).run();
    }
  }

  std::string known_content(const std::string& identity) {
    find_grid.bind_all(identity);
    std::string content;
    if (find_grid.step()) content = find_grid.text(1);
    find_grid.reset();
    return content;
  }

  Effect apply(const AttemptBegun& r) {
    const CellRow row = cell(r.grid, r.cell);
    if (outcome(row.id, r.attempt) == "done") return {};  // its result is kept: nothing begins again
    begin.bind_all(row.id, r.attempt);
    bind_environment(begin, r.where);
    begin.bind(12, r.started);
    begin.run();
    if (!row.result_attempt) set_state.bind_all("running", row.id).run();
    return {.changed = true};
  }

  Effect apply(const ResultCommitted& r) {
    const CellRow row = cell(r.grid, r.result.cell);
    const int attempt = r.result.attempt;
    const bool repeated = outcome(row.id, attempt) == "done";
    const bool counted = row.result_attempt == attempt;
    const bool counts = counted || !row.result_attempt || r.replace;
    if (repeated && counts == counted) return {.changed = false, .counts = counted};
    const std::string late = counts ? "" : "late: attempt " + std::to_string(*row.result_attempt) + " counts already";
    if (repeated) {
      note.bind_all("", row.id, attempt).run();
    } else {
      finish.bind_all(row.id, attempt);
      bind_environment(finish, r.result.environment);
      finish.bind(12, r.result.started);
      finish.bind(13, r.result.ended);
      finish.bind(14, r.result.best_epoch);
      finish.bind(15, r.result.resumed);
      finish.bind(16, late);
      finish.run();
      add_rows(row.id, r.result);
    }
    if (!counts) return {.changed = true, .counts = false};
    if (row.result_attempt && !counted) {
      note.bind_all("replaced by attempt " + std::to_string(attempt), row.id, *row.result_attempt).run();
    }
    set_result.bind_all(attempt, row.id).run();
    return {.changed = true, .counts = true};
  }

  Effect apply(const FailureCommitted& r) {
    const CellRow row = cell(r.grid, r.failure.cell);
    const std::string known = outcome(row.id, r.failure.attempt);
    // How an attempt ended is told once; later news can only make its cell final.
    const bool ended = !known.empty() && known != "running";
    if (ended && (known == "done" || !r.failure.final || row.state == "failed")) return {};
    fail.bind_all(row.id, r.failure.attempt, r.failure.ended, outcome_name(r.failure.outcome), r.failure.cause,
                  r.failure.detail, r.failure.resumed)
        .run();
    if (row.result_attempt) return {.changed = true};
    const char* state = r.failure.final ? "failed" : any_running(row.id) ? "running" : "pending";
    set_state.bind_all(state, row.id).run();
    return {.changed = true};
  }

  Effect apply(const FailedReset& r) {
    Effect effect;
    for (const Cell& c : r.cells) {
      const CellRow row = cell(r.grid, c);
      if (row.state != "failed") continue;
      set_state.bind_all("pending", row.id).run();
      effect.changed = true;
    }
    return effect;
  }
};

RecordApplier::RecordApplier(Database& database) : s_(std::make_unique<Statements>(database)) {}
RecordApplier::RecordApplier(RecordApplier&&) noexcept = default;
RecordApplier::~RecordApplier() = default;

RecordApplier::Effect RecordApplier::apply(const StoreRecord& record) {
  return std::visit([this](const auto& r) { return s_->apply(r); }, record);
}

void RecordApplier::mark(const JournalPoint& last) {
  s_->mark.bind_all(static_cast<std::int64_t>(last.sequence)).run();
  s_->mark_chain.bind_all(static_cast<std::int64_t>(last.chain)).run();
}

}  // namespace mtlgrid
