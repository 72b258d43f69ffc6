#include "trainer/process/environment.h"

#include <unistd.h>

#include <climits>
#include <fstream>
#include <string>

#include "base/clock.h"

namespace mtlgrid {
namespace {

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    const auto colon = line.find(": ");
    return colon == std::string::npos ? "unknown" : line.substr(colon + 2);
  }
  return "unknown";
}

}  // namespace

Environment host_environment() {
  char host[HOST_NAME_MAX + 1] = {};
  gethostname(host, HOST_NAME_MAX);
  Environment e;
  e.host = host;
  e.cpu = cpu_model();
  e.version = MTLGRID_VERSION;
  return e;
}

double seconds_since_1970() { return Clock::real().now(); }

}  // namespace mtlgrid
