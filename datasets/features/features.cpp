#include "datasets/features/features.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "datasets/features/extractor_name.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_layout.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/hdf5.h"
#include "datasets/features/hdf5_features.h"
#include "datasets/features/pytorch_features.h"

namespace mtlgrid {
namespace {

constexpr const char* kNoFile = "a pipe, a socket or a device";

[[noreturn]] void rethrow(const std::filesystem::path& file, const hdf5::Hdf5Error& e) {
  if (e.number() != 0) throw system_error(file, e.number());
  if (e.library_text().find("already open for") != std::string::npos) {  // for write, or for read-write
    throw SystemError(file, "is open for writing in another program, or was not closed by the one that wrote it",
                      "wait for that program; if there is none, h5clear -s FILE repairs the file", ETXTBSY);
  }
  throw FileFault(file, "unreadable or truncated", kFeatureFile, e.what());
}

// Runs `read` with retries. An error of HDF5 becomes a SystemError if a system call failed; else the file is damaged.
template <typename Read>
auto reading(const std::filesystem::path& file, FeatureDisk& disk, bool patient, Read&& read) {
  return with_retries(disk, patient, [&] {
    try {
      return read();
    } catch (const hdf5::AttributeError& e) {
      throw FileFault(file, e.library_text(), "expected a name, or no such attribute");
    } catch (const hdf5::Hdf5Error& e) {
      rethrow(file, e);
    }
  });
}

bool is_pytorch(const std::filesystem::path& file) { return file.extension() == ".pt"; }

// Opens what was looked at: a pipe that takes the file's name meanwhile is not waited for.
std::unique_ptr<OpenFeatures> open_regular(const std::filesystem::path& file, FeatureDisk& disk, bool known,
                                           bool values) {
  const FileDescriptor looked(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!looked && errno == ENXIO) throw FileFault(file, kNoFile, kFeatureFile);  // a socket, a device without its driver
  if (!looked || ::fstat(looked.get(), &status) != 0) throw system_error(file, errno);
  if (S_ISDIR(status.st_mode)) throw FileFault(file, "a folder", kFeatureFile);
  if (!S_ISREG(status.st_mode)) throw FileFault(file, kNoFile, kFeatureFile);
  if (status.st_size == 0) throw FileFault(file, "an empty file", kFeatureFile);
  const FileToOpen opened{file, fmt::format("/proc/self/fd/{}", looked.get()),
                          static_cast<std::uint64_t>(status.st_size), known, values};
  return is_pytorch(file) ? open_pytorch_features(opened, disk) : open_hdf5_features(opened, disk);
}

// An open feature file whose header has been checked. `known` and `values`: as FileToOpen has them.
std::unique_ptr<OpenFeatures> open_checked(const std::filesystem::path& file, FeatureDisk& disk, bool known,
                                           bool values) {
  struct stat status {};
  const int number = disk.stat(file, status);
  const bool absent = number == ENOENT || number == ENOTDIR;
  if (absent && known) throw system_error(file, ENOENT);
  std::error_code error;
  if ((absent && std::filesystem::is_symlink(file, error)) || number == ELOOP) {
    throw FileFault(file, "a link to no file", kFeatureFile);
  }
  if (absent) throw FileFault(file, "no such file", kFeatureFile);
  if (number != 0) throw system_error(file, number);
  // Before it is opened: opening a device may do something, a tape's rewinds it.
  if (S_ISDIR(status.st_mode)) throw FileFault(file, "a folder", kFeatureFile);
  if (!S_ISREG(status.st_mode)) throw FileFault(file, kNoFile, kFeatureFile);
  return open_regular(file, disk, known, values);
}

// Appends the file's tiles to the bag.
void append(Bag& bag, const std::filesystem::path& file, const std::filesystem::path& first, FeatureDisk& disk) {
  const auto features = open_checked(file, disk, true, true);
  const FeatureInfo& info = features->info;
  if (bag.tiles > 0 && info.width != bag.width) {
    throw FileFault(file, fmt::format("{} features a tile", info.width),
                    fmt::format("expected {} as in {}", bag.width, first.string()));
  }
  const auto begin = static_cast<std::size_t>(bag.tiles * info.width);  // of a try that failed, nothing is kept
  const auto size = static_cast<std::size_t>(info.tiles * info.width);
  bag.values.resize(begin + size);
  features->read(std::span(bag.values).subspan(begin, size), disk);
  bag.width = info.width;
  bag.tiles += info.tiles;
}

}  // namespace

std::string extractor_of(const FeatureInfo& info) {
  return info.by_encoder ? canonical_encoder(info.extractor) : canonical_extractor(info.extractor);
}

FeatureInfo inspect_features(const std::filesystem::path& file) {
  return inspect_features(file, FeatureDisk::real(), true);
}

FeatureInfo inspect_features(const std::filesystem::path& file, FeatureDisk& disk, bool patient) {
  return reading(file, disk, patient, [&] { return std::move(open_checked(file, disk, false, false)->info); });
}

FeatureInfo load_features(const std::filesystem::path& file, std::vector<std::uint16_t>& values, FeatureDisk& disk,
                          bool patient) {
  return reading(file, disk, patient, [&] {
    const auto features = open_checked(file, disk, false, true);
    const auto size = static_cast<std::size_t>(features->info.tiles * features->info.width);
    disk.reading(size * sizeof(std::uint16_t));
    try {
      values.resize(size);
    } catch (const std::bad_alloc&) {
      throw FileFault(file, "does not fit into memory", "expected fewer tiles, or a larger machine",
                      fmt::format("{} tiles of {} features", features->info.tiles, features->info.width));
    }
    features->read(values, disk);
    return std::move(features->info);
  });
}

void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out) {
  read_features(file, out, FeatureDisk::real(), true);
}

void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out, FeatureDisk& disk, bool patient) {
  reading(file, disk, patient, [&] {
    const auto features = open_checked(file, disk, false, true);
    const FeatureInfo& info = features->info;
    if (static_cast<std::uint64_t>(info.tiles) * static_cast<std::uint64_t>(info.width) != out.size()) {
      throw FileFault(file, "has changed since its header was read", "expected the same number of values",
                      fmt::format("{} tiles of {} features, not {} values", info.tiles, info.width, out.size()));
    }
    features->read(out, disk);
  });
}

Bag read_bag(const std::vector<std::filesystem::path>& files) { return read_bag(files, FeatureDisk::real()); }

// Each file is opened once (for small bags that costs more than reading), and closed before the next: patients have
// more slides than a process may open files.
Bag read_bag(const std::vector<std::filesystem::path>& files, FeatureDisk& disk) {
  Bag bag;
  for (const auto& file : files) {
    reading(file, disk, true, [&] { append(bag, file, files.front(), disk); });
  }
  return bag;
}

}  // namespace mtlgrid
