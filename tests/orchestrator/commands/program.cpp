#include "tests/orchestrator/commands/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/orchestrator/config/scratch.h"

extern char** environ;

namespace mtlgrid::testing {
namespace {

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& words, const std::vector<std::string>& environment) {
  const Scratch scratch;
  const std::string out = scratch.path() / "out", err = scratch.path() / "err";
  std::vector<std::string> arguments = words, variables = environment;
  const std::string program = std::string(MTLGRID_BUILD) + "/" + words.at(0);
  for (char** v = environ; *v != nullptr; ++v) {
    const std::string entry = *v, name = entry.substr(0, entry.find('=') + 1);
    const auto replaces = [&](const std::string& given) { return given.starts_with(name); };
    if (std::none_of(environment.begin(), environment.end(), replaces)) variables.push_back(entry);
  }

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, program.c_str(), &actions, nullptr, pointers(arguments).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start " + program);
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) throw std::runtime_error("waitpid");
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(out), content(err)};
}

}  // namespace mtlgrid::testing
