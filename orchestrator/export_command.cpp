// The command `export`: a cell's best weights as a PyTorch state dict, written by the trainer's executable.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "orchestrator/command_options.h"
#include "orchestrator/commands.h"
#include "orchestrator/exit_status.h"
#include "orchestrator/tasks.h"
#include "orchestrator/trainer_executable.h"
#include "results/reading.h"
#include "results/status.h"

extern char** environ;

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeightsFile = "weights.mtlgrid";  // in an attempt's folder; docs/trainer.md

// The folder of the attempt that counts.
fs::path attempt_folder(const fs::path& store, const Cell& cell, std::optional<std::int64_t> grid) {
  const Database database = open_for_reading(store);
  const std::int64_t grid_id = choose_grid(database, grid);
  Statement find = database.prepare(
      "SELECT result_attempt, state FROM cells "
      "WHERE grid_id = ? AND biomarker = ? AND auxiliary = ? AND method = ? AND fold = ?");
  find.bind_all(grid_id, cell.biomarker, cell.auxiliary, cell.method, cell.fold);
  if (!find.step()) {
    throw InputError(fmt::format("{}: grid {} has no cell {}", store.string(), grid_id, cell.name()));
  }
  if (find.is_null(0)) {
    throw InputError(fmt::format("{}: cell {} has no result, it is {}", store.string(), cell.name(), find.text(1)));
  }
  return fs::path(grid_folder(store, grid_id)) / cell.name() / fmt::format("attempt-{}", find.integer(0));
}

// Runs the trainer's export and returns its exit status; its messages go to our stderr.
int start_export(const fs::path& weights, const fs::path& out) {
  std::vector<std::string> words = {trainer_executable().string(), "export", weights.string(), out.string()};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, words[0].c_str(), nullptr, nullptr, argv.data(), environ);
  if (failed != 0) throw Error(ErrorKind::fatal, fmt::format("{}: {}", words[0], std::strerror(failed)));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR)
      throw Error(ErrorKind::fatal, fmt::format("waiting for {}: {}", words[0], std::strerror(errno)));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kFatal;
}

}  // namespace

int run_export(const std::vector<std::string>& arguments) {
  CommandOptions options("export");
  options.store()
      .argument("CELL", "BIOMARKER/AUXILIARY/METHOD/FOLD; the attempt that counts is taken")
      .option("out", "FILE", "state dict to write (.pt); replaced if it exists");
  if (!options.parse(arguments)) return 0;
  if (!options.has("out")) throw InputError("export: --out FILE is missing; see mtlgrid export --help");
  const Cell cell = Cell::parse(options.get<std::string>("CELL"));
  const fs::path folder = attempt_folder(options.get<std::string>("STORE"), cell, options.grid());
  const fs::path weights = folder / kWeightsFile;
  if (!fs::exists(weights)) {
    throw InputError(
        fmt::format("{}: no such file; were the weights kept (train.keep_weights = best)?", weights.string()));
  }
  return start_export(weights, options.get<std::string>("out"));
}

}  // namespace mtlgrid
