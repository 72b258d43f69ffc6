// The expression of `run --only`: cells of the grid, or refused.
#include "base/errors.h"
#include "orchestrator/plan/selection.h"
#include "tests/fuzz/input.h"

using namespace mtlgrid;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Cell> cells = {{"MSI", "LF", "naive", 0}, {"MSI", "LF", "dwa", 1}, {"a,b", "c|d", "e=f", 2}};
  try {
    fuzz::expect(select_cells(cells, fuzz::text_of(data, size)).size() <= cells.size(), "cells of the grid");
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
  return 0;
}
