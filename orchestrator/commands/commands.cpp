#include "orchestrator/commands/commands.h"

#include "base/errors.h"
#include "base/nearest.h"
#include "base/telling.h"
#include "orchestrator/commands/cell_command.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/doctor_command.h"
#include "orchestrator/commands/export_command.h"
#include "orchestrator/commands/extract_command.h"
#include "orchestrator/commands/init_command.h"
#include "orchestrator/commands/inspect_command.h"
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

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      init_command(),   inspect_command(), extract_command(), plan_command(),   run_command(),
      cell_command(),   status_command(),  query_command(),   tables_command(), predict_command(),
      export_command(), doctor_command(),  synth_command(),   paths_command(),
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
  try {
    return command.run(options);
  } catch (const SqliteError& e) {
    if (!options.reads_store()) throw;
    refuse_unreadable(options.get<std::string>("STORE"), e);
  }
}

}  // namespace mtlgrid
