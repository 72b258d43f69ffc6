#include "orchestrator/commands/paths_command.h"

#include <fmt/format.h>

#include <utility>

#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/config/config.h"
#include "results/store/layout.h"

namespace mtlgrid {
namespace {

void declare(CommandOptions& options) { options.argument("CONFIG", "configuration file"); }

int run(const CommandOptions& options) {
  const Config config = load_config(options.get<std::string>("CONFIG"));
  const std::pair<const char*, std::filesystem::path> lines[] = {
      {"config", config.file},
      {"store", config.store},
      {"store_done", store_path(config.store, StoreFile::done)},
      {"store_lock", store_path(config.store, StoreFile::lock)},
      {"store_snapshot", store_path(config.store, StoreFile::snapshot)},
      {"store_folder", store_path(config.store, StoreFile::folder)},
      {"rehearsal_done", store_path(config.store, StoreFile::rehearsal_done)},
  };
  for (const auto& [name, path] : lines) put_result(fmt::format("{}={}\n", name, shell_quoted(path.string())));
  return 0;
}

}  // namespace

Command paths_command() {
  return {"paths", "prints where a configuration's store and its files are, as lines for a shell; for scripts",
          "mtlgrid paths grid.ini", declare, run};
}

}  // namespace mtlgrid
