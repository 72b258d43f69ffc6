// Which trainer of the run: a slot of a worker.
#pragma once

#include <compare>

namespace mtlgrid {

struct SlotAddress {
  int worker = 0, slot = 0;
  auto operator<=>(const SlotAddress&) const = default;
};

}  // namespace mtlgrid
