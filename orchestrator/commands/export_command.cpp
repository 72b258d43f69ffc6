#include "orchestrator/commands/export_command.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/errors.h"
#include "base/files.h"
#include "base/output_file.h"
#include "base/telling.h"
#include "base/whole_file.h"
#include "orchestrator/commands/chosen_grid.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/trained_cell.h"
#include "orchestrator/session/ask_trainer.h"
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

void declare(CommandOptions& options) {
  options.store()
      .argument("CELL", "BIOMARKER/AUXILIARY/METHOD/FOLD; the attempt that counts is exported")
      .option("out", "FILE", "state dict to write (.pt): a plain file is replaced, a pipe or device written into");
}

int run(const CommandOptions& options) {
  if (!options.has("out")) throw InputError("export: --out FILE is missing; see mtlgrid export --help");
  const OutputFile out("--out", options.path("out"));
  const Cell cell = Cell::parse(options.get<std::string>("CELL"));
  const std::filesystem::path store = options.get<std::string>("STORE");
  refuse_place_of_store("--out", options.path("out"), store);
  const TrainedCell trained = find_trained_cell(store, cell, chosen_grid(options, store));
  if (const std::string note = unknown_grid_note(trained, read_weights_of(trained)); !note.empty()) tell_message(note);
  if (out.replaced()) {
    ask_trainer(ExportRequest{weights_of(trained), out.path().string()}, 1);
    return 0;
  }
  // The trainer writes a plain file, and this process passes it on into the pipe or device.
  const PrivateFolder folder;
  ask_trainer(ExportRequest{weights_of(trained), folder.file().string()}, 1);
  out.write(FileCalls::real(), read_whole_file(folder.file(), "the state dict that was written"));
  return 0;
}

}  // namespace

Command export_command() {
  return {"export", "writes a cell's best weights as a PyTorch state dict with the released code's names",
          "mtlgrid export results/grid.db MSI/LF/autol+cagrad/3 --out weights.pt", declare, run};
}

}  // namespace mtlgrid
