#include "datasets/fingerprint.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <new>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/errors.h"
#include "datasets/cohort.h"

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

std::optional<FileStamp> stamp_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return FileStamp{static_cast<std::uint64_t>(status.st_size),
                   static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec};
}

std::string hash_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  Fingerprint hash;
  std::vector<char> bytes(std::size_t{1} << 20);
  while (in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())), in.gcount() > 0) {
    hash.add({bytes.data(), static_cast<std::size_t>(in.gcount())});
  }
  if (!in.eof()) throw InputError(fmt::format("{}: cannot be read", file.string()));
  return hash.hex();
}

std::string hash_features(std::span<const std::uint16_t> values, std::int64_t tiles, std::int64_t width) {
  Fingerprint hash;
  hash.add(fmt::format("{}x{}", tiles, width));
  hash.add({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  return hash.hex();
}

namespace {

constexpr int kMemoryVersion = 1;

[[noreturn]] void cannot_write(const std::filesystem::path& file) {
  const int code = errno;
  const bool full = code == ENOSPC || code == EDQUOT;
  throw Error(full ? ErrorKind::needs_person : ErrorKind::fatal,
              fmt::format("{}: cannot be written: {}", file.string(), std::strerror(code)));
}

// Writes all of `text` to a new file and has it on disk before returning.
void write_synced(const std::filesystem::path& file, std::string_view text) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) cannot_write(file);
  bool good = true;
  while (good && !text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    good = written >= 0;
    if (good) text.remove_prefix(static_cast<std::size_t>(written));
  }
  good = good && ::fsync(descriptor) == 0;
  const int code = errno;
  ::close(descriptor);
  errno = code;
  if (!good) cannot_write(file);
}

}  // namespace

FingerprintMemory FingerprintMemory::load(const std::filesystem::path& file) {
  FingerprintMemory memory;
  std::ifstream in(file, std::ios::binary);
  if (!in) return memory;
  // A damaged memory is an empty one: it only saves reading again.
  const auto json = nlohmann::json::parse(in, nullptr, false);
  try {
    if (json.is_discarded() || json.at("version") != kMemoryVersion) return memory;
    for (const auto& [path, entry] : json.at("files").items()) {
      memory.entries_[path] = {entry.at("size").get<std::uint64_t>(), entry.at("modified_ns").get<std::int64_t>(),
                               entry.at("hash").get<std::string>()};
    }
  } catch (const nlohmann::json::exception&) {
    memory.entries_.clear();
  }
  return memory;
}

void FingerprintMemory::save(const std::filesystem::path& file) const {
  nlohmann::json files = nlohmann::json::object();
  for (const auto& [path, entry] : entries_) {
    files[path] = {{"size", entry.size}, {"modified_ns", entry.modified_ns}, {"hash", entry.hash}};
  }
  const nlohmann::json json = {{"version", kMemoryVersion}, {"files", files}};
  const std::filesystem::path temporary = fmt::format("{}.{}.tmp", file.string(), ::getpid());
  write_synced(temporary, json.dump(1) + "\n");
  if (::rename(temporary.c_str(), file.c_str()) != 0) cannot_write(file);
}

std::optional<std::string> FingerprintMemory::find(const std::filesystem::path& file) const {
  const auto entry = entries_.find(file.string());
  if (entry == entries_.end()) return std::nullopt;
  const auto stamp = stamp_of(file);
  if (!stamp || stamp->size != entry->second.size || stamp->modified_ns != entry->second.modified_ns) {
    return std::nullopt;
  }
  return entry->second.hash;
}

void FingerprintMemory::remember(const std::filesystem::path& file, const std::string& hash) {
  const std::string name = file.string();
  if (!utf8::is_valid(name.begin(), name.end())) return;  // JSON could not hold it: such a file is read every time
  if (const auto stamp = stamp_of(file)) entries_[name] = {stamp->size, stamp->modified_ns, hash};
}

}  // namespace mtlgrid
