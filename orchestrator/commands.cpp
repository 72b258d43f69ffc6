#include "orchestrator/commands.h"

#include "datasets/errors.h"
#include "orchestrator/nearest.h"

namespace mtlgrid {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {};
  return kCommands;
}

const Command& command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& c : commands()) {
    if (c.name == name) return c;
    names.push_back(c.name);
  }
  throw InputError("unknown command '" + name + "'" + did_you_mean(name, names) + "; mtlgrid --help lists all");
}

}  // namespace mtlgrid
