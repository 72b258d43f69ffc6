#include "orchestrator/commands/export_command.h"

#include "base/errors.h"
#include "orchestrator/commands/chosen_grid.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/trained_cell.h"
#include "orchestrator/session/ask_trainer.h"

namespace mtlgrid {
namespace {

void declare(CommandOptions& options) {
  options.store()
      .argument("CELL", "BIOMARKER/AUXILIARY/METHOD/FOLD; the attempt that counts is exported")
      .option("out", "FILE", "state dict to write (.pt); replaced if it exists");
}

int run(const CommandOptions& options) {
  if (!options.has("out")) throw InputError("export: --out FILE is missing; see mtlgrid export --help");
  check_output_file("--out", options.path("out"));
  const Cell cell = Cell::parse(options.get<std::string>("CELL"));
  const std::filesystem::path store = options.get<std::string>("STORE");
  const TrainedCell trained = find_trained_cell(store, cell, chosen_grid(options, store));
  ask_trainer(ExportRequest{trained.weights.string(), options.path("out").string()}, 1);
  return 0;
}

}  // namespace

Command export_command() {
  return {"export", "writes a cell's best weights as a PyTorch state dict with the released code's names",
          "mtlgrid export results/grid.db MSI/LF/autol+cagrad/3 --out weights.pt", declare, run};
}

}  // namespace mtlgrid
