// The command `plan`: checks everything a run needs and says what it would be. Writes nothing.
#include <iostream>

#include "base/text.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/commands.h"
#include "orchestrator/commands/plan_report.h"
#include "orchestrator/scheduler/store_folder.h"

namespace mtlgrid {

int run_plan(const std::vector<std::string>& arguments) {
  CommandOptions options("plan");
  options.argument("CONFIG", "configuration file")
      .init()
      .flag("drops", "name every dropped patient and slide instead of counting them");
  if (!options.parse(arguments)) return 0;
  Config config = load_config(options.get<std::string>("CONFIG"));
  if (options.has("init")) config.init = options.path("init");
  FingerprintMemory memory = FingerprintMemory::load(fingerprint_file(config.store));
  const Plan plan = make_plan(config, memory);
  std::cout << printable_lines(plan_report(plan, plan_standing(plan), options.has("drops")));
  return 0;
}

}  // namespace mtlgrid
