#include "base/process_identity.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/process_stat.h"

namespace mtlgrid {

std::string ProcessIdentity::host() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::string ProcessIdentity::machine() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  struct stat space = {};
  if (::stat("/proc/self/ns/pid", &space) != 0) space.st_ino = 0;
  return boot + ":" + std::to_string(space.st_ino);
}

std::int64_t ProcessIdentity::process() { return ::getpid(); }

std::optional<std::string> ProcessIdentity::process_start(std::int64_t id) {
  const auto stat = process_stat(id);
  if (!stat) return std::nullopt;
  const std::string state = stat->field(3), start = stat->field(22);  // proc(5)
  if (start.empty() || state == "Z" || state == "X") return std::nullopt;
  return start;
}

}  // namespace mtlgrid
