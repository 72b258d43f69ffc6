#include "orchestrator/commands/trained_cell.h"

#include <fmt/format.h>

#include <system_error>

#include "base/decode.h"
#include "base/errors.h"
#include "base/nearest.h"
#include "results/grids/grid_choice.h"
#include "results/records/records.h"
#include "results/store/cell_columns.h"
#include "results/store/layout.h"
#include "results/store/reading.h"

namespace mtlgrid {
namespace {

// "; did you mean 'MSI/LF/naive/0'?": the grid's cell of the nearest name, part by part.
std::string nearest_cell(const Database& database, std::int64_t grid_id, const Cell& wanted) {
  std::vector<std::string> names;
  for (const Cell& cell : cells_of(database, grid_id)) names.push_back(cell.name());
  return suggestion(wanted.name(), names);
}

nlohmann::json settings_of(const std::filesystem::path& store, std::int64_t grid_id, const std::string& text) {
  try {
    return decode_json(text);
  } catch (const DecodeError& e) {
    throw InputError(fmt::format("{}: the settings of grid {} are damaged: {}", store.string(), grid_id, e.what()));
  }
}

}  // namespace

WeightsOfCell weights_of(const TrainedCell& trained) {
  return {trained.weights.string(), trained.cell, trained.identity};
}

Weights read_weights_of(const TrainedCell& trained) {
  Weights weights = read_weights_file(trained.weights);
  require_weights_of(weights, trained.weights, trained.cell, trained.identity);
  return weights;
}

std::string unknown_grid_note(const TrainedCell& trained, const Weights& weights) {
  if (!weights.grid.empty()) return "";
  return fmt::format(
      "{}: an earlier version wrote these weights and did not record their grid; they are taken for this "
      "one's, since they are in its folder",
      trained.weights.string());
}

std::vector<double> trained_targets(const std::filesystem::path& store, const TrainedCell& trained) {
  const Database database = open_for_reading(store);
  Statement select = database.prepare(
      "SELECT p.target FROM predictions p JOIN cells c ON c.cell_id = p.cell_id AND c.result_attempt = p.attempt "
      "WHERE c.grid_id = ? AND c.biomarker = ? AND c.auxiliary = ? AND c.method = ? AND c.repeat = ? AND p.cohort = ? "
      "AND p.target IS NOT NULL");
  const Cell& cell = trained.cell;
  select.bind_all(trained.grid_id, cell.biomarker, cell.auxiliary, cell.method, cell.repeat, std::string(kTestCohort));
  std::vector<double> targets;
  while (select.step()) targets.push_back(select.real(0));
  return targets;
}

TrainedCell find_trained_cell(const std::filesystem::path& store, const Cell& cell, std::optional<std::int64_t> grid) {
  const Database database = open_for_reading(store);
  const std::int64_t grid_id = choose_grid(database, grid);
  Statement find = database.prepare(
      "SELECT c.result_attempt, c.state, g.settings, a.threads, g.identity FROM cells c JOIN grids g USING (grid_id) "
      "LEFT JOIN attempts a ON a.cell_id = c.cell_id AND a.attempt = c.result_attempt "
      "WHERE " +
      kIsCell);
  bind_cell(find, grid_id, cell);
  if (!find.step()) {
    throw InputError(fmt::format("{}: grid {} has no cell {}{}", store.string(), grid_id, cell.name(),
                                 nearest_cell(database, grid_id, cell)));
  }
  if (find.is_null(0)) {
    throw InputError(
        fmt::format("{}: cell {} has no result, its state is {}", store.string(), cell.name(), find.text(1)));
  }
  const std::filesystem::path folder =
      attempt_folder(grid_folder(store, grid_id), cell, static_cast<int>(find.integer(0)));
  TrainedCell trained = {cell,
                         grid_id,
                         settings_of(store, grid_id, find.text(2)),
                         static_cast<int>(find.integer(3)),
                         folder / kWeightsFile,
                         find.text(4)};
  std::error_code error;
  if (!std::filesystem::exists(trained.weights, error)) {
    throw InputError(
        fmt::format("{}: no such file; were the weights kept (train.keep_weights = best)?", trained.weights.string()));
  }
  return trained;
}

}  // namespace mtlgrid
