// The command `export`: a cell's best weights as a PyTorch state dict, written by the trainer's executable.
#include "base/errors.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/commands.h"
#include "orchestrator/commands/trained_cell.h"
#include "orchestrator/session/ask_trainer.h"
#include "trainer/contract/pipe_messages.h"
#include "trainer/contract/requests.h"

namespace mtlgrid {

int run_export(const std::vector<std::string>& arguments) {
  CommandOptions options("export");
  options.store()
      .argument("CELL", "BIOMARKER/AUXILIARY/METHOD/FOLD; the attempt that counts is taken")
      .option("out", "FILE", "state dict to write (.pt); replaced if it exists");
  if (!options.parse(arguments)) return 0;
  if (!options.has("out")) throw InputError("export: --out FILE is missing; see mtlgrid export --help");
  check_output_file("--out", options.path("out"));
  const Cell cell = Cell::parse(options.get<std::string>("CELL"));
  const TrainedCell trained = find_trained_cell(options.get<std::string>("STORE"), cell, options.grid());
  ask_trainer(typed("export", ExportRequest{trained.weights.string(), options.path("out").string()}), 1);
  return 0;
}

}  // namespace mtlgrid
