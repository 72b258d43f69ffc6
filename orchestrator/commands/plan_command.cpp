#include "orchestrator/commands/plan_command.h"

#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/plan_report.h"
#include "orchestrator/scheduler/store_folder.h"
#include "orchestrator/session/feature_process.h"
#include "results/store/store_place.h"

namespace mtlgrid {
namespace {

void declare(CommandOptions& options) {
  options.argument("CONFIG", "configuration file")
      .init()
      .flag("drops", "list every dropped patient and slide instead of counting them");
}

int run(const CommandOptions& options) {
  Config config = load_config(options.get<std::string>("CONFIG"));
  if (options.has("init")) config.init = options.path("init");
  check_store_place(config.store);
  FingerprintMemory memory = FingerprintMemory::load(fingerprint_file(config.store));
  const Plan plan = make_plan(config, memory, *feature_process());
  put_result(printable_lines(plan_report(plan, plan_standing(plan), options.has("drops"))));
  return 0;
}

}  // namespace

Command plan_command() {
  return {"plan", "checks everything that a run needs and reports what it would do; writes nothing",
          "mtlgrid plan grid.ini", declare, run};
}

}  // namespace mtlgrid
