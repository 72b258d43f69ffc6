#include "orchestrator/commands/program.h"

#include <unistd.h>

#include <csignal>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/exit_status.h"
#include "base/limits.h"
#include "base/telling.h"
#include "datasets/features/reader_server.h"
#include "orchestrator/commands/commands.h"
#include "orchestrator/commands/failure.h"
#include "orchestrator/commands/version.h"
#include "orchestrator/session/feature_process.h"

namespace mtlgrid {
namespace {

std::string program_help() {
  std::string text =
      "Usage: mtlgrid COMMAND [arguments] [options]\n"
      "Trains a grid of multi-task biomarker models and makes the paper's tables from one store.\n\nCommands:\n";
  for (const auto& command : commands()) {
    text += "  " + command.name + std::string(10 - command.name.size(), ' ') + command.summary + "\n" +
            std::string(12, ' ') + command.example + "\n";
  }
  return text +
         "\nmtlgrid COMMAND --help explains a command; mtlgrid --version prints the versions of the program and its "
         "libraries.\n";
}

int dispatch(const std::vector<std::string>& words) {
  if (words.empty()) throw InputError("a command is missing; mtlgrid --help lists all");
  const std::string& name = words.front();
  if (name == kServeFeatures) return serve_features(STDIN_FILENO, STDOUT_FILENO);
  if (name == "--help" || name == "-h" || name == "help") {
    put_result(program_help());
    return 0;
  }
  if (name == "--version") {
    put_result(version_text());
    return 0;
  }
  return invoke(find_command(name), {words.begin() + 1, words.end()});
}

// Prints `text` to stderr, every line prefixed, and returns `status`. Escapes what messages quote from files, labels
// and arguments.
int complain(const std::string& text, int status) {
  std::string line = "mtlgrid: ";
  for (char c : text) {
    line += c;
    if (c == '\n') line += "mtlgrid: ";
  }
  tell_line(line);
  return status;
}

// Handles SIGXCPU: only what a signal handler may do.
void end_for_processor_time(int) {
  constexpr std::string_view kText =
      "mtlgrid: no processor time is left (ulimit -t): raise that limit, then run the command again\n";
  (void)!::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(kNeedsPerson);
}

}  // namespace

int run_program(int argc, char** argv) {
  prepare_standard_files();
  std::signal(SIGXCPU, end_for_processor_time);  // until a run handles it (orchestrator/session/signals.h)
  leave_time_before_kill();
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const ReaderGone&) {
    return kReaderGone;
  } catch (const std::exception& e) {
    const Failure failure = failure_of(e);
    return complain(failure.text, failure.status);
  }
}

}  // namespace mtlgrid
