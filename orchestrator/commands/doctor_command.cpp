#include "orchestrator/commands/doctor_command.h"

#include "base/exit_status.h"
#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/commands/command_options.h"
#include "results/store/doctor.h"
#include "trainer/formats/weights.h"

namespace mtlgrid {
namespace {

// After how many seconds without a heartbeat the lock of another machine is taken over: far above the 25 s of a run
// with default configuration waits.
constexpr double kStaleSeconds = 120;

void declare_doctor(CommandOptions& options) {
  options.argument("STORE", "the store, or what is left of it")
      .flag("rebuild", "rebuild the database from the journal; the old one is kept as STORE.damaged-N");
}

int execute_doctor(const CommandOptions& options) {
  const auto store = options.get<std::string>("STORE");
  if (options.has("rebuild")) {
    const auto say = [](const std::string& line) { tell_line("mtlgrid: " + line); };
    rebuild_store(Platform::real(), store, say, kStaleSeconds);
  }
  const Diagnosis found =
      examine_store(store, [](const std::filesystem::path& file, const Cell& cell, const std::string& grid) {
        require_weights_of(read_weights_file(file), file, cell, grid);
      });
  for (const std::string& line : found.lines) put_result(printable_lines(line) + "\n");
  return found.healthy ? kAllDone : kSomeFailed;
}

}  // namespace

Command doctor_command() {
  return {"doctor", "checks a store and its journal, and rebuilds the database from the journal",
          "mtlgrid doctor results/grid.db --rebuild", declare_doctor, execute_doctor};
}

}  // namespace mtlgrid
