#include "datasets/features/feature_disk.h"

#include <cerrno>
#include <chrono>
#include <thread>

namespace mtlgrid {

int FeatureDisk::stat(const std::filesystem::path& file, struct stat& status) {
  return ::stat(file.c_str(), &status) == 0 ? 0 : errno;
}

void FeatureDisk::wait(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

void FeatureDisk::reading(std::uint64_t /*bytes*/) {}

FeatureDisk& FeatureDisk::real() {
  static FeatureDisk disk;
  return disk;
}

}  // namespace mtlgrid
