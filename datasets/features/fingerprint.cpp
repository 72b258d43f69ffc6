#include "datasets/features/fingerprint.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <new>

#include "base/file_parts.h"

namespace mtlgrid {
namespace {

std::string hex_of(const XXH128_hash_t& hash) { return fmt::format("{:016x}{:016x}", hash.high64, hash.low64); }

std::int64_t nanoseconds(const struct timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

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

std::string Fingerprint::hex() const { return hex_of(XXH3_128bits_digest(state_->xxh)); }

std::optional<FileStamp> stamp_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return FileStamp{static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
                   static_cast<std::uint64_t>(status.st_ino), nanoseconds(status.st_ctim)};
}

std::string hash_file(const std::filesystem::path& file) {
  Fingerprint hash;  // depends on the size of the parts
  visit_file_parts(file, [&](std::span<const std::byte> part) {
    hash.add({reinterpret_cast<const char*>(part.data()), part.size()});
  });
  return hash.hex();
}

std::string hash_text(std::string_view text) { return hex_of(XXH3_128bits(text.data(), text.size())); }

std::string hash_features(std::span<const std::uint16_t> values, std::int64_t tiles, std::int64_t width) {
  Fingerprint hash;
  hash.add(fmt::format("{}x{}", tiles, width));
  hash.add({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  return hash.hex();
}

}  // namespace mtlgrid
