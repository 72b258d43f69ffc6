// A trainer without training: each message says what it is to do next. Ends at the end of its stdin, like a real one.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/host.h"
#include "trainer/contract/pipe_messages.h"

namespace {

using nlohmann::json;

void die_with_parent() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const char* parent = std::getenv("MTLGRID_PARENT");
  if (parent != nullptr && std::to_string(getppid()) != parent) _exit(0);
}

void write_raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(1, bytes.data(), bytes.size());
    if (n < 0) _exit(3);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void say(const json& message) { write_raw(mtlgrid::encode_frame(message)); }

void crash(int signal) {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  std::signal(signal, SIG_DFL);
  raise(signal);
}

std::vector<int> open_descriptors() {
  std::vector<int> found;
  DIR* folder = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(folder)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != dirfd(folder)) found.push_back(fd);
  }
  closedir(folder);
  return found;
}

std::vector<int> blocked_or_ignored_signals() {
  std::vector<int> found;
  sigset_t mask;
  sigprocmask(SIG_BLOCK, nullptr, &mask);
  for (int s = 1; s < 32; ++s) {
    struct sigaction action {};
    sigaction(s, nullptr, &action);
    if (sigismember(&mask, s) == 1 || action.sa_handler == SIG_IGN) found.push_back(s);
  }
  return found;
}

json surroundings() {
  json environment = json::object();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    environment[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  return {{"type", "surroundings"},
          {"pid", getpid()},
          {"group", getpgrp()},
          {"environment", environment},
          {"cpus", mtlgrid::allowed_cpus()},
          {"descriptors", open_descriptors()},
          {"signals", blocked_or_ignored_signals()}};
}

int start_child() {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  return child;
}

void obey(const json& order) {
  const std::string type = order["type"];
  if (type == "echo") say(order);
  if (type == "surroundings") say(surroundings());
  if (type == "log") std::fputs(order["text"].get<std::string>().c_str(), stderr);
  if (type == "signal") crash(order["number"]);
  if (type == "exit") _exit(order["status"].get<int>());
  if (type == "raw") write_raw(order["bytes"].get<std::string>());
  if (type == "flood") {
    for (int i = 0; i < order["count"].get<int>(); ++i) {
      say({{"type", "flood"}, {"number", i}, {"text", std::string(order["size"].get<std::size_t>(), 'x')}});
    }
  }
  if (type == "child") say({{"type", "child"}, {"pid", start_child()}});
  if (type == "close output") close(1);
  if (type == "close input") close(0);
  if (type == "hang" || type == "close output" || type == "close input") {
    for (;;) pause();
  }
}

}  // namespace

int main() {
  die_with_parent();
  mtlgrid::FrameReader reader;
  std::vector<char> buffer(1 << 16);
  for (;;) {
    const ssize_t n = read(0, buffer.data(), buffer.size());
    if (n <= 0) return 0;
    reader.feed({buffer.data(), static_cast<std::size_t>(n)});
    while (const auto order = reader.next()) obey(*order);
  }
}
