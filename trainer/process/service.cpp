#include "trainer/process/service.h"

#include <chrono>
#include <thread>

#include "base/system_error.h"
#include "trainer/process/environment.h"

namespace mtlgrid {
namespace {

// Of an empty cell that takes time.
constexpr int kEmptyEpochs = 10, kEmptySteps = 10;

}  // namespace

Environment EmptyService::environment() const {
  Environment e = host_environment();
  e.device = "none";
  e.libraries = "none: empty cells";
  e.rank = rank_;
  return e;
}

void EmptyService::run(const std::vector<Train>& members, PackControl& control) {
  const double began = seconds_since_1970();
  for (int epoch = 1; epoch <= kEmptyEpochs && seconds_ > 0; ++epoch) {
    for (int step = 0; step < kEmptySteps; ++step) {
      if (control.stop_requested()) {
        for (const Train& member : members) control.stopped(member);
        return;
      }
      std::this_thread::sleep_for(std::chrono::duration<double>(seconds_ / (kEmptyEpochs * kEmptySteps)));
    }
    for (const Train& member : members) control.progress(member, epoch, kEmptyEpochs, {});
  }
  for (const Train& member : members) {
    CellResult result;
    result.cell = member.cell;
    result.attempt = member.attempt;
    result.environment = environment();
    result.environment.pack = static_cast<int>(members.size());
    result.started = began;
    result.ended = seconds_since_1970();
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
         error.kind() == ErrorKind::out_of_memory || is_of_system(error);
}

bool is_of_system(const Error& error) { return dynamic_cast<const SystemError*>(&error) != nullptr; }

}  // namespace mtlgrid
