#include "orchestrator/commands/init_command.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "base/errors.h"
#include "base/exit_status.h"
#include "base/files.h"
#include "base/output_file.h"
#include "base/paths.h"
#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/proposal/propose.h"
#include "orchestrator/session/feature_process.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

void declare_init(CommandOptions& options) {
  options.arguments("FOLDER", "where tables and feature files are, in sub-folders too; several may be given")
      .option("out", "FILE", "configuration to write; a file that is there is never replaced", "grid.ini");
}

bool is_there(const fs::path& file) {
  std::error_code error;
  return fs::exists(fs::symlink_status(file, error));
}

// Nothing is written if anything is there already.
void refuse_what_is_there(const std::vector<fs::path>& files) {
  Problems problems;
  for (const fs::path& file : files) {
    if (is_there(file)) {
      problems.add(
          fmt::format("init: {} exists and is not replaced; move it away, or give --out another name", file.string()));
    }
  }
  problems.throw_if_any();
}

int execute_init(const CommandOptions& options) {
  std::vector<fs::path> folders;
  for (const std::string& folder : options.get<std::vector<std::string>>("FOLDER"))
    folders.push_back(system_path(folder));
  const fs::path out = options.path("out");
  const OutputFile configuration("--out", out);
  if (configuration.replaced()) refuse_what_is_there({out});
  // On its way through a pipe or to a terminal it is a file of the current folder.
  const fs::path as = configuration.replaced() ? out : system_path("grid.ini");
  const Proposal proposal = propose(folders, as, *feature_process());
  std::vector<fs::path> tables;
  for (const auto& [file, content] : proposal.slide_tables) tables.push_back(file);
  refuse_what_is_there(tables);
  for (const auto& [file, content] : proposal.slide_tables) write_by_rename(FileCalls::real(), file, content);
  configuration.write(FileCalls::real(), proposal.configuration);
  if (!configuration.replaced()) return kAllDone;  // it may be stdout: nothing else is written there
  std::string said = fmt::format("{} written\n", out.string());
  for (const fs::path& table : tables) said += fmt::format("{} written\n", table.string());
  for (const std::string& line : proposal.summary) said += "  " + line + "\n";
  const std::string named = options.get<std::string>("out");
  said += proposal.complete ? "Next: " : fmt::format("Next: complete [biomarker.NAME] in {}, then: ", named);
  put_result(printable_lines(said + "mtlgrid plan " + named) + "\n");
  return kAllDone;
}

}  // namespace

Command init_command() {
  return {"init", "looks at tables and feature files, and writes a configuration with every guess explained",
          "mtlgrid init study && mtlgrid plan grid.ini", declare_init, execute_init};
}

}  // namespace mtlgrid
