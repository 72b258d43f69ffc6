#include "orchestrator/commands/commands.h"

#include <cstdlib>
#include <string_view>

#include "base/errors.h"
#include "base/nearest.h"
#include "base/telling.h"
#include "orchestrator/commands/cell_command.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/doctor_command.h"
#include "orchestrator/commands/export_command.h"
#include "orchestrator/commands/paths_command.h"
#include "orchestrator/commands/plan_command.h"
#include "orchestrator/commands/predict_command.h"
#include "orchestrator/commands/query_command.h"
#include "orchestrator/commands/run_command.h"
#include "orchestrator/commands/status_command.h"
#include "orchestrator/commands/synth_command.h"
#include "orchestrator/commands/tables_command.h"
#include "results/store/reading.h"

namespace mtlgrid {
namespace {

// Under mpirun or srun every rank parses the same command line; the warnings come from rank 0 alone.
bool is_first_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK"}) {
    if (const char* rank = std::getenv(name)) return std::string_view(rank) == "0";
  }
  return true;
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      plan_command(),    run_command(),    cell_command(),   status_command(), query_command(), tables_command(),
      predict_command(), export_command(), doctor_command(), synth_command(),  paths_command(),
  };
  return kCommands;
}

const Command& find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.name == name) return command;
    names.push_back(command.name);
  }
  throw InputError("unknown command '" + name + "'" + did_you_mean(name, names) + "; mtlgrid --help lists all");
}

int invoke(const Command& command, const std::vector<std::string>& arguments) {
  CommandOptions options(command);
  if (!options.parse(arguments)) return 0;
  if (options.reads_store()) {
    const auto notice = foreign_notice(options.get<std::string>("STORE"));
    if (notice) tell_line("mtlgrid: " + *notice);
  }
  const auto warn = [&] {  // last, where it is read
    for (const std::string& warning : options.warnings()) {
      if (is_first_rank()) tell_line("mtlgrid: " + warning);
    }
  };
  try {
    const int status = command.run(options);
    warn();
    return status;
  } catch (...) {
    warn();
    throw;
  }
}

}  // namespace mtlgrid
