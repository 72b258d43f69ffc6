#include "trainer/service.h"

#include <chrono>

#include "trainer/environment.h"

namespace mtlgrid {

Environment EmptyService::environment() const {
  Environment e = host_environment();
  e.device = "none";
  e.libraries = "none: empty cells";
  e.rank = rank_;
  return e;
}

std::optional<CellResult> EmptyService::run(const Train& train, CellControl&) {
  CellResult result;
  result.cell = train.cell;
  result.attempt = train.attempt;
  result.environment = environment();
  result.started = result.ended = seconds_since_1970();
  return result;
}

}  // namespace mtlgrid
