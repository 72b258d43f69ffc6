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

void EmptyService::run(const std::vector<Train>& members, PackControl& control) {
  for (const Train& member : members) {
    CellResult result;
    result.cell = member.cell;
    result.attempt = member.attempt;
    result.environment = environment();
    result.environment.pack = static_cast<int>(members.size());
    result.started = result.ended = seconds_since_1970();
    control.finished(member, result);
  }
}

std::string CellService::staging_id() { throw Error(ErrorKind::fatal, staging_lacks()); }

Staged CellService::stage(const Stage&, const std::function<bool()>&) {
  Staged staged;
  staged.error = staging_lacks();
  staged.environment = environment();
  return staged;
}

bool is_of_cell(const Error& error) {
  return error.kind() == ErrorKind::cell_failed || error.kind() == ErrorKind::bad_input ||
         error.kind() == ErrorKind::out_of_memory;
}

}  // namespace mtlgrid
