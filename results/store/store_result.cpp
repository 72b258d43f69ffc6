#include "results/store/store_result.h"

#include <cstring>

#include "results/store/cell_columns.h"
#include "results/store/sqlite.h"

namespace mtlgrid {
namespace {

Statement rows_of(const Database& database, const char* sql, std::int64_t cell_id, int attempt) {
  Statement select = database.prepare(sql);
  select.bind_all(cell_id, attempt);
  return select;
}

void read_attempt(const Database& database, std::int64_t cell_id, CellResult& r) {
  Statement s =
      rows_of(database,
              "SELECT host, device, cpu, version, libraries, rank, threads, pack, best_epoch, started, ended, "
              "members "
              "FROM attempts WHERE cell_id = ? AND attempt = ?",
              cell_id, r.attempt);
  s.step();
  r.environment = {s.text(0), s.text(1), s.text(2), s.text(3), s.text(4), 0, 1, 1, s.text(11)};
  r.environment.rank = static_cast<int>(s.integer(5));
  r.environment.threads = static_cast<int>(s.integer(6));
  r.environment.pack = static_cast<int>(s.integer(7));
  r.best_epoch = static_cast<int>(s.integer(8));
  r.started = s.real(9);
  r.ended = s.real(10);
}

void read_epochs(const Database& database, std::int64_t cell_id, CellResult& r) {
  Statement s =
      rows_of(database,
              "SELECT epoch, train_classification, train_regression, valid_classification, valid_regression, "
              "weight_classification, weight_regression, seconds FROM epochs WHERE cell_id = ? AND attempt = ? "
              "ORDER BY epoch",
              cell_id, r.attempt);
  while (s.step()) {
    r.epochs.push_back(
        {static_cast<int>(s.integer(0)), s.real(1), s.real(2), s.real(3), s.real(4), s.real(5), s.real(6), s.real(7)});
  }
}

void read_predictions(const Database& database, std::int64_t cell_id, CellResult& r) {
  Statement s = rows_of(database,
                        "SELECT cohort, patient, label, score, log_odds, target, prediction FROM predictions "
                        "WHERE cell_id = ? AND attempt = ? ORDER BY position",
                        cell_id, r.attempt);
  while (s.step()) {
    r.predictions.push_back(
        {s.text(0), s.text(1), static_cast<int>(s.integer(2)), s.real(3), s.real(4), s.real(5), s.real(6)});
  }
}

void read_metrics(const Database& database, std::int64_t cell_id, CellResult& r) {
  Statement s = rows_of(database,
                        "SELECT cohort, metric, value, ci_low, ci_high, n, redrawn, reason FROM metrics "
                        "WHERE cell_id = ? AND attempt = ? ORDER BY position",
                        cell_id, r.attempt);
  while (s.step()) {
    r.metrics.push_back({s.text(0), s.text(1), s.real(2), s.real(3), s.real(4), s.integer(5), s.integer(6), s.text(7)});
  }
}

void read_embeddings(const Database& database, std::int64_t cell_id, CellResult& r) {
  Statement s = rows_of(database,
                        "SELECT cohort, patient, vector FROM embeddings WHERE cell_id = ? AND attempt = ? "
                        "ORDER BY position",
                        cell_id, r.attempt);
  while (s.step()) {
    const auto bytes = s.blob(2);
    Embedding e = {s.text(0), s.text(1), std::vector<float>(bytes.size() / sizeof(float))};
    if (!e.values.empty()) std::memcpy(e.values.data(), bytes.data(), e.values.size() * sizeof(float));
    r.embeddings.push_back(std::move(e));
  }
}

void read_slide(const Database& database, std::int64_t cell_id, CellResult& r) {
  Statement s = rows_of(database,
                        "SELECT slide_file, coalesce(feature_file, ''), coalesce(bytes, 0), coalesce(width, 0), "
                        "coalesce(height, 0), coalesce(mpp, 0.0), coalesce(mpp_source, ''), coalesce(tiles, -1), kept, "
                        "coalesce(too_bright, -1), coalesce(too_plain, -1) FROM slide_results WHERE cell_id = ? AND "
                        "attempt = ?",
                        cell_id, r.attempt);
  if (!s.step()) return;
  r.slide = {s.text(0), s.text(1),    s.integer(2), s.integer(3), s.integer(4), s.real(5),
             s.text(6), s.integer(7), s.integer(8), s.integer(9), s.integer(10)};
}

}  // namespace

CellResult read_result(const Database& database, std::int64_t grid, const Cell& cell) {
  Statement find = database.prepare("SELECT cell_id, result_attempt FROM cells WHERE " + kIsCell +
                                    " AND result_attempt IS NOT NULL");
  bind_cell(find, grid, cell);
  if (!find.step()) throw InputError(cell.name() + ": the store has no result of this cell");
  const std::int64_t cell_id = find.integer(0);
  CellResult result;
  result.cell = cell;
  result.attempt = static_cast<int>(find.integer(1));
  read_attempt(database, cell_id, result);
  read_epochs(database, cell_id, result);
  read_predictions(database, cell_id, result);
  read_metrics(database, cell_id, result);
  read_embeddings(database, cell_id, result);
  read_slide(database, cell_id, result);
  return result;
}

}  // namespace mtlgrid
