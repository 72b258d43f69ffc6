// What the store costs: cells a second committed, against a plain SQLite loop that inserts the same rows in the same
// run, and how long rebuilding and opening a store of the paper's size takes.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>

#include "balancers/methods/registry.h"
#include "results/store/sqlite.h"
#include "results/store/store.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

constexpr int kPredictions = 150, kEmbeddings = 100, kWidth = 384, kEpochs = 32, kBatch = 8;

// Wall-clock time, which has the disk in it, and processor time, which a busy machine does not change.
struct Cost {
  double wall, processor;
};

template <typename Work>
Cost cost_of(Work&& work) {
  const auto begin = std::chrono::steady_clock::now();
  const std::clock_t clock = std::clock();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
          static_cast<double>(std::clock() - clock) / CLOCKS_PER_SEC};
}

GridRecord paper_grid() {
  GridRecord grid;
  grid.identity = "bench";
  const std::pair<const char*, const char*> pairs[] = {{"MSI", "ITH"},    {"MSI", "LF"}, {"MSI", "LISS"},
                                                       {"MSI", "Prolif"}, {"MSI", "SF"}, {"HRD", "ITH"},
                                                       {"HRD", "Prolif"}};
  for (const auto& [biomarker, auxiliary] : pairs) {
    for (const Method& m : methods()) {
      for (int fold = 0; fold < 5; ++fold) grid.cells.push_back({biomarker, auxiliary, m.name, fold});
    }
  }
  return grid;
}

CellResult result_of(const Cell& cell) {
  CellResult r;
  r.cell = cell;
  r.attempt = 1;
  r.environment = {"node1", "cpu", "cpu", "0.1.0", "torch", 0, 1, 1, ""};
  r.ended = 60;
  for (int i = 1; i <= kEpochs; ++i) r.epochs.push_back({i, 0.5 / i, 0.1, 0.6, 0.1, 1, 1, 1.5});
  for (int i = 0; i < kPredictions; ++i) {
    const std::string patient = "TCGA-AA-" + std::to_string(1000 + i);
    const char* cohort = i < 50 ? "test" : "CPTAC-CRC";
    r.predictions.push_back({cohort, patient, i % 2, 1.0 / (i + 2), -0.1 * i, 0.37 * i, 0.41 * i});
    if (i >= kPredictions - kEmbeddings) {
      r.embeddings.push_back({cohort, patient, std::vector<float>(kWidth, 0.1f * static_cast<float>(i))});
    }
  }
  for (const char* cohort : {"test", "CPTAC-CRC"}) {
    for (const char* metric : {"auroc", "auprc", "ce", "f1", "pearson_r", "pearson_p", "mae", "r2"}) {
      r.metrics.push_back({cohort, metric, 0.7, 0.6, 0.8, 100, 0, ""});
    }
  }
  return r;
}

// The yardstick: the rows of a cell in two statements and one transaction, durable as SQLite is by default, no
// journal, no checks.
Cost plain_loop(const fs::path& file, const std::vector<CellResult>& results) {
  Database database(file, Database::Mode::create);
  database.execute(
      "PRAGMA page_size = 8192; CREATE TABLE p (c INTEGER, cohort TEXT, patient TEXT, label INTEGER, a REAL, b REAL, d "
      "REAL, e REAL, PRIMARY KEY (c, cohort, patient)) WITHOUT ROWID; CREATE TABLE v (c INTEGER, cohort TEXT, patient "
      "TEXT, vector BLOB, UNIQUE (c, cohort, patient)); CREATE TABLE m (c INTEGER, cohort TEXT, metric TEXT, value "
      "REAL, "
      "low REAL, high REAL, PRIMARY KEY (c, cohort, metric)) WITHOUT ROWID");
  Statement p = database.prepare("INSERT INTO p VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  Statement v = database.prepare("INSERT INTO v VALUES (?, ?, ?, ?)");
  Statement m = database.prepare("INSERT INTO m VALUES (?, ?, ?, ?, ?, ?)");
  return cost_of([&] {
    int id = 0;
    for (const CellResult& r : results) {
      if (id % kBatch == 0) database.execute("BEGIN IMMEDIATE");
      for (const auto& x : r.predictions) {
        p.bind_all(id, x.cohort, x.patient, x.label, x.score, x.log_odds, x.target, x.prediction).run();
      }
      for (const auto& x : r.embeddings) {
        v.bind_all(id, x.cohort, x.patient).bind_blob(4, std::as_bytes(std::span(x.values)));
        v.run();
      }
      for (const auto& x : r.metrics) m.bind_all(id, x.cohort, x.metric, x.value, x.ci_low, x.ci_high).run();
      if (++id % kBatch == 0) database.execute("COMMIT");
    }
    if (database.in_transaction()) database.execute("COMMIT");
  });
}

void line(const char* what, const Cost& cost, int cells, const Cost& yardstick) {
  std::printf("%-46s %7.3f s wall (x%.2f) %7.3f s processor (x%.2f)  %6.2f ms a cell\n", what, cost.wall,
              cost.wall / yardstick.wall, cost.processor, cost.processor / yardstick.processor,
              1e3 * cost.wall / cells);
}

void run(const fs::path& folder) {
  const auto quiet = [](const std::string&) {};
  const GridRecord grid = paper_grid();
  const int n = static_cast<int>(grid.cells.size());
  std::vector<CellResult> results;
  for (const Cell& cell : grid.cells) results.push_back(result_of(cell));
  const Cost plain = plain_loop(folder / "plain.db", results);
  line("plain SQLite, 8 cells a transaction", plain, n, plain);

  const fs::path file = folder / "grid.db", single = folder / "single.db";
  {
    Store store = Store::open(single, quiet, 25);
    store.use_grid(grid);
    line("store, a commit a cell", cost_of([&] {
           for (const CellResult& r : results) store.commit_result(r);
         }),
         n, plain);
  }
  {
    Store store = Store::open(file, quiet, 25);
    store.use_grid(grid);
    line("store, 8 cells a batch", cost_of([&] {
           for (int i = 0; i < n; ++i) {
             if (i % kBatch == 0) store.begin_batch();
             store.commit_result(results[static_cast<std::size_t>(i)]);
             if ((i + 1) % kBatch == 0 || i + 1 == n) store.commit_batch();
           }
         }),
         n, plain);
    line("store, beginning attempts (no fsync)", cost_of([&] {
           for (const CellResult& r : results) store.begin_attempt(r.cell, 2, r.environment, 0);
         }),
         n, plain);
    line("snapshot", cost_of([&] { store.publish_snapshot(); }), n, plain);
    line("end of the run: journal compared, STORE published", cost_of([&] { store.end_run(); }), n, plain);
  }
  line("open again, nothing to do", cost_of([&] { Store::open(file, quiet, 25).use_grid(grid); }), n, plain);
  fs::remove(file);
  line("open again, database rebuilt from the journal", cost_of([&] { Store::open(file, quiet, 25); }), n, plain);
  std::printf("journal %.0f MB, database %.0f MB\n",
              1e-6 * static_cast<double>(fs::file_size(folder / "grid.db.journal")),
              1e-6 * static_cast<double>(fs::file_size(file)));
}

}  // namespace
}  // namespace mtlgrid

int main() {
  std::string pattern = (std::filesystem::temp_directory_path() / "mtlgrid-bench-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(pattern.data());
  mtlgrid::run(folder);
  std::filesystem::remove_all(folder);
}
