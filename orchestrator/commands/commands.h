// The table of all subcommands, which dispatch, `mtlgrid --help` and the check of docs/command-line.md are made from.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/commands/command.h"

namespace mtlgrid {

// All commands, in the order of `mtlgrid --help`.
const std::vector<Command>& commands();
// The command of that name. Throws InputError naming the nearest known command.
const Command& find_command(const std::string& name);

// Parses `arguments`, those after the command's name, and runs the command. With --help it prints the help to stdout
// and returns 0. Throws as Command::run does.
int invoke(const Command& command, const std::vector<std::string>& arguments);

}  // namespace mtlgrid
