#include "tests/fuzz/store_readers.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/cell.h"
#include "base/errors.h"
#include "results/grids/grid_choice.h"
#include "results/status/grid_list.h"
#include "results/status/query.h"
#include "results/status/query_render.h"
#include "results/status/status.h"
#include "results/status/status_render.h"
#include "results/status/status_view.h"
#include "results/status/status_why.h"
#include "results/status/status_why_render.h"
#include "results/store/doctor.h"
#include "results/store/measured.h"
#include "results/store/reading.h"
#include "results/store/store_result.h"
#include "results/tables/table_origin.h"
#include "results/tables/table_render.h"
#include "results/tables/tables.h"

namespace mtlgrid::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCells = 4, kGrids = 3;  // looked at one by one

class Readers {
 public:
  explicit Readers(fs::path store) : store_(std::move(store)) {}

  int all() {
    refused([&] { foreign_notice(store_); });
    refused([&] { examine_store(store_); });
    std::vector<std::int64_t> grids;
    refused([&] { grids = list(); });
    grids.resize(std::min(grids.size(), kGrids));
    refused([&] { choose_grid(open_for_reading(store_), std::nullopt); });
    refused([&] { status(std::nullopt); });
    sql();
    for (const std::int64_t grid : grids) {
      refused([&] { status(grid); });
      refused([&] { history(grid); });
      refused([&] { results(grid); });
      tables(grid);
      views_of(grid);
    }
    return refused_;
  }

 private:
  // As the program: whoever reads a store tells errors of SQLite as the store's.
  template <typename Read>
  void refused(Read&& read) {
    try {
      try {
        read();
      } catch (const SqliteError& e) {
        refuse_unreadable(store_, e);
      }
    } catch (const Error& e) {
      ++refused_;
      if (e.kind() == ErrorKind::fatal) throw std::logic_error(std::string("told as an internal error: ") + e.what());
    }
  }

  std::vector<std::int64_t> list() const {
    const Database database = open_for_reading(store_);
    std::vector<std::int64_t> ids;
    Statement grids = database.prepare("SELECT grid_id FROM grids ORDER BY grid_id");
    while (grids.step()) ids.push_back(grids.integer(0));
    note_on_sql(database);
    for (const std::int64_t grid : ids) {
      note_on_choice(database, grid);
      render_grids(list_grids(database, grid), grid);
      origin_of(database, store_, grid);
      read_measured(database, grid);
    }
    return ids;
  }

  void status(std::optional<std::int64_t> grid) const {
    const StoreStatus found = read_status(store_, grid);
    render_status(found);
    for (const ScreenSize size : {ScreenSize{80, 24}, ScreenSize{250, 70}, ScreenSize{20, 3}}) {
      status_view(found, store_.string(), size);
    }
  }

  void history(std::int64_t grid) const {
    std::vector<Cell> cells = cells_of(store_, grid);
    cells.resize(std::min(cells.size(), kCells));
    for (const Cell& cell : cells) render_history(read_history(store_, cell, grid));
  }

  void results(std::int64_t grid) const {
    const Database database = open_for_reading(store_);
    Statement cells = database.prepare(
        "SELECT biomarker, auxiliary, method, fold FROM cells WHERE grid_id = ?1 AND result_attempt IS NOT NULL LIMIT "
        "?2");
    cells.bind_all(grid, static_cast<int>(kCells));
    while (cells.step()) {
      read_result(database, grid, {cells.text(0), cells.text(1), cells.text(2), static_cast<int>(cells.integer(3))});
    }
  }

  void tables(std::int64_t grid) {
    for (const TableCi ci : {TableCi::widest, TableCi::patients, TableCi::folds}) {
      refused([&] {
        for (const PaperTable& table : paper_tables(store_, {.grid = grid, .ci = ci, .resamples = 5})) {
          for (const TableFormat format :
               {TableFormat::markdown, TableFormat::csv, TableFormat::latex, TableFormat::workbook}) {
            render(table, format);
          }
        }
      });
    }
  }

  void sql() {
    for (const char* table : {"meta", "runs", "methods", "grids", "grid_cohorts", "cells", "attempts", "metrics",
                              "predictions", "epochs", "embeddings", "splits", "drops", "view_help", "table1"}) {
      refused([&] { show(query(store_, std::string("SELECT * FROM ") + table + " LIMIT 50")); });
    }
  }

  void views_of(std::int64_t grid) {
    std::vector<std::pair<std::string, std::string>> all;
    refused([&] { all = views(store_); });
    for (const auto& [view, help] : all) {
      refused([&] { show(rows_of_view(store_, view, grid)); });
    }
  }

  static void show(const QueryResult& result) {
    for (const QueryFormat format : {QueryFormat::table, QueryFormat::csv, QueryFormat::json}) render(result, format);
  }

  fs::path store_;
  int refused_ = 0;
};

}  // namespace

int read_whole_store(const fs::path& store) { return Readers(store).all(); }

}  // namespace mtlgrid::testing
