// Injected faults, which test every kind of failure on a real cluster: `mtlgrid run --inject`. No torch.
//
// An injection is WHERE=WHAT[:NUMBER]; several are separated by commas. WHERE is a cell's name or `*`, optionally
// followed by `@HOST`. The fault WHAT occurs before the trainer's NUMBERth step of a pack with that cell (default 1),
// counted from the start or the resumption of the pack:
//   crash     SIGSEGV                                   end-rank  SIGKILL to the rank that started this trainer
//   fail      an error of the cell itself               full      as if the disk were full
//   memory    as if the device lacked memory            hang      the trainer stops responding and never ends
//   slow      every step takes NUMBER seconds longer
#pragma once

#include <string>
#include <vector>

namespace mtlgrid {

struct Injection {
  std::string cell, host;  // "*": every cell; empty: every host
  std::string what;
  double number = 1;
};

// Throws InputError with a line for every malformed injection.
std::vector<Injection> parse_injections(const std::string& orders);

}  // namespace mtlgrid
