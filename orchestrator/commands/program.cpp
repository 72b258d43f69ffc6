#include "orchestrator/commands/program.h"

#include <unistd.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/exit_status.h"
#include "base/telling.h"
#include "datasets/reader_server.h"
#include "orchestrator/commands/commands.h"
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

}  // namespace

int run_program(int argc, char** argv) {
  prepare_standard_files();
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond `ulimit -f` then fails with EFBIG, which is said as a full disk is
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const ReaderGone&) {
    return kReaderGone;
  } catch (const Error& e) {
    return complain(e.what(), exit_status(e.kind()));
  } catch (const std::bad_alloc&) {
    return complain("out of memory", kFatal);
  } catch (const std::filesystem::filesystem_error& e) {
    const std::string what = e.code().message();
    return complain(e.path1().empty() ? what : e.path1().string() + ": " + what, kNeedsPerson);
  } catch (const std::exception& e) {
    return complain(std::string("internal error: ") + e.what(), kFatal);
  }
}

}  // namespace mtlgrid
