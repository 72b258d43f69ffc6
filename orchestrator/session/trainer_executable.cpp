#include "orchestrator/session/trainer_executable.h"

#include <unistd.h>

#include <cstdlib>

#include "base/errors.h"

namespace mtlgrid {

std::filesystem::path trainer_executable() {
  const char* named = std::getenv("MTLGRID_TRAINER");
  const std::filesystem::path path =
      named != nullptr && *named != '\0'
          ? std::filesystem::path(named)
          : std::filesystem::read_symlink("/proc/self/exe").parent_path() / "mtlgrid-trainer";
  if (access(path.c_str(), X_OK) == 0) return std::filesystem::absolute(path);
  throw Error(ErrorKind::needs_person,
              "no trainer to start at " + path.string() +
                  "; build it (make build), or name it in the environment variable MTLGRID_TRAINER");
}

}  // namespace mtlgrid
