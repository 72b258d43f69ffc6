#include "orchestrator/commands/inspect_command.h"

#include <memory>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/exit_status.h"
#include "base/paths.h"
#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/inspection/inspect_path.h"
#include "orchestrator/session/feature_process.h"

namespace mtlgrid {
namespace {

void declare_inspect(CommandOptions& options) {
  options.arguments("PATH", "a feature file or a folder of them, a table, a store, weights, a configuration, a slide")
      .option("format", "KIND", "text or json", "text");
}

int execute_inspect(const CommandOptions& options) {
  const auto format = split_list("--format", options.get<std::string>("format"), {"text", "json"});
  if (format.size() != 1) throw InputError("--format: one of text, json");
  const bool json = format[0] == "json";
  const std::unique_ptr<FeatureReader> reader = feature_process();
  auto all = nlohmann::ordered_json::array();
  bool right = true;
  for (const std::string& path : options.get<std::vector<std::string>>("PATH")) {
    const Inspection inspection = inspect_path(system_path(path), *reader);
    right = right && inspection.wrong.empty();
    if (json) all.push_back(inspection_json(inspection));
    if (!json) put_result(inspection_text(inspection));
  }
  if (json) put_result(all.dump(2) + "\n");
  return right ? kAllDone : kSomeFailed;
}

}  // namespace

Command inspect_command() {
  return {"inspect", "says what a file or folder holds and whether it looks right",
          "mtlgrid inspect study/feats clini.csv", declare_inspect, execute_inspect};
}

}  // namespace mtlgrid
