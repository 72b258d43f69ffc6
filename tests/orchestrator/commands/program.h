// Starting the built programs as a user does, and what came of it.
#pragma once

#include <string>
#include <vector>

namespace mtlgrid::testing {

struct ProgramResult {
  int status = -1;       // exit status; -1: ended by a signal
  std::string out, err;  // stdout and stderr, whole
};

// Runs MTLGRID_BUILD/`words[0]` with the other words as arguments, stdin empty, and waits for its end. `environment`
// adds NAME=VALUE to this process's own.
ProgramResult run_program(const std::vector<std::string>& words, const std::vector<std::string>& environment = {});

}  // namespace mtlgrid::testing
