#include "datasets/features/fingerprint.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <cerrno>
#include <new>
#include <vector>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/read_at.h"
#include "base/system_error.h"

namespace mtlgrid {

struct Fingerprint::State {
  XXH3_state_t* xxh = XXH3_createState();
  State() {
    if (xxh == nullptr || XXH3_128bits_reset(xxh) == XXH_ERROR) throw std::bad_alloc();
  }
  ~State() { XXH3_freeState(xxh); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Fingerprint::Fingerprint() : state_(std::make_unique<State>()) {}
Fingerprint::~Fingerprint() = default;

void Fingerprint::add(std::string_view text) {
  const std::uint64_t size = text.size();
  XXH3_128bits_update(state_->xxh, &size, sizeof size);
  XXH3_128bits_update(state_->xxh, text.data(), text.size());
}

std::string Fingerprint::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

namespace {

std::int64_t nanoseconds(const struct timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::optional<FileStamp> stamp_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return FileStamp{static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
                   static_cast<std::uint64_t>(status.st_ino), nanoseconds(status.st_ctim)};
}

std::string hash_file(const std::filesystem::path& file) {
  // O_NONBLOCK: a pipe is refused, not waited for.
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!in && errno == ENOENT) throw InputError(fmt::format("{}: no such file", file.string()));
  if (!in || ::fstat(in.get(), &status) != 0) throw system_error(file, errno);
  if (!S_ISREG(status.st_mode)) throw InputError(fmt::format("{}: not a file", file.string()));
  Fingerprint hash;
  std::vector<char> bytes(std::size_t{1} << 20);  // the hash depends on this size
  for (std::uint64_t offset = 0;; offset += bytes.size()) {
    int error = 0;
    const std::size_t have = read_at(in.get(), offset, std::as_writable_bytes(std::span(bytes)), error);
    if (error != 0) throw system_error(file, error);
    if (have > 0) hash.add({bytes.data(), have});
    if (have < bytes.size()) return hash.hex();
  }
}

std::string hash_features(std::span<const std::uint16_t> values, std::int64_t tiles, std::int64_t width) {
  Fingerprint hash;
  hash.add(fmt::format("{}x{}", tiles, width));
  hash.add({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  return hash.hex();
}

}  // namespace mtlgrid
