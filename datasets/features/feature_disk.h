// The system calls around a feature file, and trying again where the system refuses one.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "base/system_error.h"

namespace mtlgrid {

// The seam through which tests inject errors of the system.
class FeatureDisk {
 public:
  virtual ~FeatureDisk() = default;
  // As POSIX stat. Returns 0 or an errno.
  virtual int stat(const std::filesystem::path& file, struct stat& status);
  virtual void wait(double seconds);
  // Called before each part of the work on a file: the library then reads and decompresses at most so many bytes. Does
  // nothing here; a process that may be ended says so that it is alive (reader_server.h).
  virtual void reading(std::uint64_t bytes);
  static FeatureDisk& real();
};

// Seconds before each further try. Guessed: servers that restart or fail over need longer, but then the coordinator
// tries the cell again.
inline constexpr std::array<double, 2> kReadPauses = {0.5, 2};

// Runs `read`, and again after a pause where it throws a SystemError that may pass. `patient` false: only once.
template <typename Read>
auto with_retries(FeatureDisk& disk, bool patient, Read&& read) {
  for (std::size_t tries = 0;; ++tries) {
    try {
      return read();
    } catch (const SystemError& e) {
      if (!e.may_pass() || !patient || tries == kReadPauses.size()) throw;
    }
    disk.wait(kReadPauses[tries]);
  }
}

}  // namespace mtlgrid
