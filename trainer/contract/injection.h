// Faults on order, so that every kind can be tried on a real cluster: `mtlgrid run --inject`. No torch.
//
// An order is WHERE=WHAT[:NUMBER]; several are joined by commas. WHERE is a cell's name or `*`, perhaps followed by
// `@HOST`. WHAT strikes when the trainer is about to begin its NUMBERth step of a pack with that cell (1 if not given),
// counted from the pack's start or its resumption:
//   crash     SIGSEGV                                   end-rank  SIGKILL to the rank that started this trainer
//   fail      the cell's own error                      full      as if the disk were full
//   memory    as if the device lacked memory            hang      nothing happens any more, for ever
//   slow      every step takes NUMBER more seconds
#pragma once

#include <string>
#include <vector>

namespace mtlgrid {

struct Injection {
  std::string cell, host;  // "*": every cell; empty: every host
  std::string what;
  double number = 1;
};

// Throws InputError with every order that is none.
std::vector<Injection> parse_injections(const std::string& orders);

}  // namespace mtlgrid
