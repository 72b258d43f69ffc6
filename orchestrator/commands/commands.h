// The subcommands of `mtlgrid`, one function each, and the table that `main` and `--help` are made from.
#pragma once

#include <string>
#include <vector>

namespace mtlgrid {

// A command gets the arguments after its name and returns the exit status. Bad usage, configuration or input is thrown
// as InputError, everything else as Error: main turns them into the exit status. Results go to stdout, progress and
// messages to stderr. `--help` prints to stdout and returns 0.
using CommandFunction = int (*)(const std::vector<std::string>& arguments);

struct Command {
  std::string name, summary, example;  // summary: one line, no full stop; example: whole command lines
  CommandFunction function;
};

// All commands, in the order of `mtlgrid --help`.
const std::vector<Command>& commands();
// Throws InputError naming the nearest known command.
const Command& command(const std::string& name);

int run_plan(const std::vector<std::string>& arguments);
int run_run(const std::vector<std::string>& arguments);
int run_cell(const std::vector<std::string>& arguments);
int run_status(const std::vector<std::string>& arguments);
int run_query(const std::vector<std::string>& arguments);
int run_tables(const std::vector<std::string>& arguments);
int run_predict(const std::vector<std::string>& arguments);
int run_export(const std::vector<std::string>& arguments);
int run_synth(const std::vector<std::string>& arguments);

}  // namespace mtlgrid
