// The name of a cell: refused, or the name of that cell.
#include "base/cell.h"
#include "base/errors.h"
#include "tests/fuzz/input.h"

using namespace mtlgrid;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const Cell cell = Cell::parse(fuzz::text_of(data, size));
    fuzz::expect(cell.fold >= 0 && Cell::parse(cell.name()) == cell, "a name that names the cell");
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
  return 0;
}
