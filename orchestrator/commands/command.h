// A subcommand of `mtlgrid`: what `--help` says of it, its options and its function.
#pragma once

#include <string>

namespace mtlgrid {

class CommandOptions;

struct Command {
  std::string name, summary, example;  // summary: one line without full stop; example: whole command lines
  // Declares arguments and options. --help is declared already.
  void (*declare)(CommandOptions& options);
  // Runs with parsed options and returns the exit status. Throws InputError for bad usage, configuration or input, and
  // Error otherwise; main turns both into the exit status. Results go to stdout, progress and messages to stderr.
  int (*run)(const CommandOptions& options);
};

}  // namespace mtlgrid
