#include "orchestrator/commands/paths_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/cell.h"
#include "base/errors.h"
#include "base/nearest.h"
#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/config/config.h"
#include "results/store/layout.h"

namespace mtlgrid {
namespace {

void declare_paths(CommandOptions& options) {
  options.argument("CONFIG", "configuration file").argument("CELL", "refuse a cell that the grid does not have", false);
}

// Throws InputError, naming the nearest, if the configuration has no such cell.
void require_cell(const Config& config, const std::string& name) {
  std::vector<std::string> known;
  for (const BiomarkerConfig& biomarker : config.biomarkers) {
    for (const auto& auxiliary : biomarker.auxiliaries) {
      for (const std::string& method : config.methods) {
        for (int fold = 0; fold < config.folds * config.repeats; ++fold) {
          known.push_back(
              Cell{biomarker.name, auxiliary.name, method, fold % config.folds, fold / config.folds}.name());
        }
      }
    }
  }
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  throw InputError(fmt::format("{}: the grid has no cell '{}'{}", config.file.string(), name, suggestion(name, known)));
}

int execute_paths(const CommandOptions& options) {
  const Config config = load_config(options.get<std::string>("CONFIG"), ConfigUse::slides);
  if (options.has("CELL")) require_cell(config, options.get<std::string>("CELL"));
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
          "mtlgrid paths grid.ini", declare_paths, execute_paths};
}

}  // namespace mtlgrid
