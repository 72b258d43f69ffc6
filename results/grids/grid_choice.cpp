#include "results/grids/grid_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"
#include "results/grids/grid_difference.h"

namespace mtlgrid {
namespace {

bool has_results(const StoredGrid& grid) { return grid.done > 0; }

// Without grids of slides, unless there are no others: their results are feature files.
std::vector<StoredGrid> with_predictions(std::vector<StoredGrid> grids) {
  const bool only_slides = std::all_of(grids.begin(), grids.end(), [](const StoredGrid& g) { return g.slides; });
  if (!only_slides) std::erase_if(grids, [](const StoredGrid& g) { return g.slides; });
  return grids;
}

// The wanted grid, the running one, the only one, or the only one with results; else nullopt. Throws InputError.
std::optional<std::int64_t> clear_choice(std::vector<StoredGrid> grids, std::optional<std::int64_t> wanted,
                                         std::optional<std::int64_t> running) {
  if (grids.empty()) throw InputError("the store holds no grid yet");
  std::vector<std::int64_t> known;
  for (const StoredGrid& grid : grids) known.push_back(grid.id);
  const auto in_store = [&](std::int64_t id) { return std::find(known.begin(), known.end(), id) != known.end(); };
  if (wanted) {
    if (in_store(*wanted)) return wanted;
    throw InputError(fmt::format("the store has no grid {}; there is {}", *wanted, fmt::join(known, ", ")));
  }
  if (running && in_store(*running)) return running;  // a snapshot may be older than what a run says of itself
  grids = with_predictions(std::move(grids));
  const auto with_results = std::count_if(grids.begin(), grids.end(), has_results);
  if (with_results == 0 || grids.size() == 1) return grids.back().id;
  if (with_results > 1) return std::nullopt;
  return std::find_if(grids.begin(), grids.end(), has_results)->id;
}

[[noreturn]] void ask(const Database& database, const std::vector<StoredGrid>& grids) {
  std::vector<std::string> lines = {
      fmt::format("the store has results of several grids; choose one of its {} with --grid:", grids.size())};
  for (const GridRow& row : list_grids(database, grids.back().id)) {
    if (row.grid.slides != grids.back().slides) continue;
    lines.push_back(fmt::format("--grid {} ({}): {}", row.grid.id, row.grid.progress(), printable(row.apart)));
  }
  throw InputError(lines);
}

}  // namespace

std::int64_t choose_grid(const Database& database, std::optional<std::int64_t> wanted,
                         std::optional<std::int64_t> running) {
  const std::vector<StoredGrid> grids = read_grids(database);
  const auto chosen = clear_choice(grids, wanted, running);
  if (!chosen) ask(database, with_predictions(grids));
  return *chosen;
}

std::int64_t choose_grid_of_state(const Database& database, std::optional<std::int64_t> wanted,
                                  std::optional<std::int64_t> running) {
  const std::vector<StoredGrid> grids = read_grids(database);
  const auto earlier = [](const StoredGrid& a, const StoredGrid& b) { return a.last < b.last; };
  const auto latest = std::max_element(grids.begin(), grids.end(), earlier);
  const bool of_slides = latest != grids.end() && latest->slides && latest->last > 0;
  if (!of_slides || wanted || running) {
    if (const auto chosen = clear_choice(grids, wanted, running)) return *chosen;
  }
  return latest->id;
}

std::string note_on_choice(const Database& database, std::int64_t chosen) {
  const std::vector<StoredGrid> grids = read_grids(database);
  if (grids.size() < 2) return "";
  const std::vector<StoredGrid> candidates = with_predictions(grids);
  const auto results = std::count_if(candidates.begin(), candidates.end(), has_results);
  const auto shown = std::find_if(grids.begin(), grids.end(), [&](const StoredGrid& g) { return g.id == chosen; });
  const bool only = results == 1 && shown != grids.end() && has_results(*shown);
  return fmt::format("grid {} of {}{}; --grid chooses another", chosen, grids.size(),
                     only ? " (the only one with results)" : "");
}

std::string note_on_sql(const Database& database) {
  const std::vector<StoredGrid> grids = read_grids(database);
  if (grids.size() < 2) return "";
  return fmt::format(
      "the store has {} grids and this statement reads all of them; WHERE grid_id = {} selects the newest",
      grids.size(), grids.back().id);
}

std::vector<GridRow> list_grids(const Database& database, std::int64_t reference) {
  std::vector<GridRow> rows;
  for (StoredGrid& grid : read_grids(database)) rows.push_back({std::move(grid), ""});
  if (rows.size() < 2) return rows;
  const auto at = std::find_if(rows.begin(), rows.end(), [&](const GridRow& row) { return row.grid.id == reference; });
  if (at == rows.end()) throw InputError(fmt::format("the store has no grid {}", reference));
  const GridContent content = read_content(database, reference);
  for (GridRow& row : rows) {
    if (row.grid.slides != at->grid.slides) row.apart = row.grid.slides ? "slides" : "trains cells";
    if (row.grid.id == reference || row.grid.slides != at->grid.slides) continue;
    const GridContent other = read_content(database, row.grid.id);
    row.apart = differences(other, content).summary();
    if (at->apart.empty()) at->apart = differences(content, other).summary();
  }
  return rows;
}

}  // namespace mtlgrid
