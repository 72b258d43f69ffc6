#include "orchestrator/commands/export_command.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <system_error>

#include "base/errors.h"
#include "base/exit_status.h"
#include "base/files.h"
#include "base/output_file.h"
#include "base/telling.h"
#include "base/text.h"
#include "base/whole_file.h"
#include "orchestrator/commands/chosen_grid.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/trained_cell.h"
#include "orchestrator/plan/selection.h"
#include "orchestrator/session/ask_trainer.h"
#include "results/predictions/prediction_files.h"
#include "results/store/cell_columns.h"
#include "results/store/reading.h"
#include "results/store/store_place.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

// A folder of this process alone, removed with what is in it.
class PrivateFolder {
 public:
  PrivateFolder() : folder_((fs::temp_directory_path() / "mtlgrid-XXXXXX").string()) {
    if (::mkdtemp(folder_.data()) == nullptr) throw FileError(folder_, "cannot be made", errno);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path file() const { return fs::path(folder_) / "weights.pt"; }

 private:
  std::string folder_;
};

void declare_export(CommandOptions& options) {
  options.store()
      .argument("CELL", "BIOMARKER/AUXILIARY/METHOD/FOLD, whose best weights are exported", false)
      .option("out", "PATH", "what to write: a plain file is replaced, a pipe or device written into; stamp: a folder")
      .option("predictions", "KIND",
              "instead of weights, all predictions: csv (one row a patient, cohort and cell), or stamp (STAMP's "
              "patient-preds.csv by fold)")
      .option("only", "EXPR",
              "with --predictions: comma-separated KEY=VALUE|VALUE over biomarker, auxiliary, method, fold, repeat")
      .option("metadata", "KIND", "instead of weights, descriptions of the store's views: datasette");
}

void export_weights(const CommandOptions& options, const fs::path& store, const OutputFile& out) {
  const Cell cell = Cell::parse(options.get<std::string>("CELL"));
  const TrainedCell trained = find_trained_cell(store, cell, chosen_grid(options, store));
  if (const std::string note = unknown_grid_note(trained, read_weights_of(trained)); !note.empty()) tell_message(note);
  if (out.replaced()) {
    ask_trainer(ExportRequest{weights_of(trained), out.path().string()}, 1);
    return;
  }
  // The trainer writes a plain file, and this process passes it on into the pipe or device.
  const PrivateFolder folder;
  ask_trainer(ExportRequest{weights_of(trained), folder.file().string()}, 1);
  out.write(FileCalls::real(), read_whole_file(folder.file(), "the state dict that was written"));
}

// The cells of --only; nullopt without it.
std::optional<std::set<Cell>> selected(const CommandOptions& options, const Database& database, std::int64_t grid) {
  if (!options.has("only")) return std::nullopt;
  const auto some = select_cells(cells_of(database, grid), options.get<std::string>("only"));
  return std::set<Cell>(some.begin(), some.end());
}

// Files of another grid among them would not be told apart.
void require_new_folder(const fs::path& folder) {
  std::error_code error;
  const bool there = fs::exists(fs::symlink_status(folder, error));
  if (there && !(fs::is_directory(folder, error) && fs::is_empty(folder, error))) {
    throw InputError(fmt::format("--out {}: expected a new or an empty folder", folder.string()));
  }
}

void export_predictions(const CommandOptions& options, const fs::path& store) {
  const auto kind = split_list("--predictions", options.get<std::string>("predictions"), {"csv", "stamp"});
  if (kind.size() != 1) throw InputError("--predictions: one of csv, stamp");
  const fs::path named = options.path("out");
  const Database database = open_for_reading(store);
  const std::int64_t grid = chosen_grid(options, database);
  const PredictionSource source{database, grid, selected(options, database, grid)};
  if (kind[0] == "stamp") {
    require_new_folder(named);
    const std::size_t files = write_stamp_predictions(FileCalls::real(), source, named);
    if (files == 0) throw InputError("export: no cell that was asked for has a result yet");
    put_result(fmt::format("{}: {}\n", named.string(), counted(static_cast<std::int64_t>(files), "file")));
    return;
  }
  const OutputFile out("--out", named);
  const std::string text = prediction_csv(source);
  if (text.empty()) throw InputError("export: no cell that was asked for has a result yet");
  out.write(FileCalls::real(), text);
}

void export_predictions_of(const CommandOptions& options, const fs::path& store) {
  try {
    export_predictions(options, store);
  } catch (const nlohmann::json::exception& e) {
    throw written_by_no_run(store, fmt::format("settings of the grid: {}", e.what()));
  }
}

void export_metadata(const CommandOptions& options, const fs::path& store) {
  if (const auto kind = options.get<std::string>("metadata"); kind != "datasette") {
    throw InputError("--metadata: expected datasette");
  }
  const OutputFile out("--out", options.path("out"));
  out.write(FileCalls::real(), datasette_metadata(open_for_reading(store), store.stem().string()));
}

int execute_export(const CommandOptions& options) {
  if (!options.has("out")) throw InputError("export: --out PATH is missing; see mtlgrid export --help");
  const bool predictions = options.has("predictions"), metadata = options.has("metadata"), cell = options.has("CELL");
  if (predictions + metadata + cell != 1) {
    throw InputError("export: give one of CELL, --predictions and --metadata; see mtlgrid export --help");
  }
  if (options.has("only") && !predictions) throw InputError("export: --only works with --predictions alone");
  const fs::path store = options.get<std::string>("STORE");
  refuse_place_of_store("--out", options.path("out"), store);
  if (cell) export_weights(options, store, OutputFile("--out", options.path("out")));
  if (predictions) export_predictions_of(options, store);
  if (metadata) export_metadata(options, store);
  return kAllDone;
}

}  // namespace

Command export_command() {
  return {"export", "writes a cell's weights for PyTorch, or predictions for STAMP, R and pandas",
          "mtlgrid export results/grid.db MSI/LF/autol+cagrad/3 --out weights.pt", declare_export, execute_export};
}

}  // namespace mtlgrid
