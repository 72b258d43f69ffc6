#include "base/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace mtlgrid {

FileDescriptor open_log_file(const std::filesystem::path& file) {
  FileDescriptor log(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666));
  struct stat facts = {};
  if (log && ::fstat(log.get(), &facts) == 0 && !S_ISREG(facts.st_mode)) {
    log.close();
    errno = ENXIO;
  }
  return log;
}

}  // namespace mtlgrid
