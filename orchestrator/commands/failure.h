// What an exception that ends a command means for whoever started it.
#pragma once

#include <exception>
#include <string>

namespace mtlgrid {

struct Failure {
  std::string text;  // for people
  int status = 0;    // an ExitStatus
};

// Of any exception but ReaderGone. A limit of the machine and a refused file need a person; what nobody expected is an
// internal error.
Failure failure_of(const std::exception& error);

}  // namespace mtlgrid
