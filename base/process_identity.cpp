#include "base/process_identity.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>

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
  std::ifstream file("/proc/" + std::to_string(id) + "/stat");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = line.rfind(')');  // field 2, the name, may itself hold spaces and brackets
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(name_end + 1));
  std::string word, state;
  rest >> state;                                           // field 3
  for (int field = 4; field <= 22; ++field) rest >> word;  // field 22: start time, proc(5)
  if (!rest || state == "Z" || state == "X") return std::nullopt;
  return word;
}

}  // namespace mtlgrid
