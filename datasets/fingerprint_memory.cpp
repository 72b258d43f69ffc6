#include "datasets/fingerprint_memory.h"

#include <fmt/core.h>
#include <unistd.h>
#include <utf8.h>

#include <nlohmann/json.hpp>

#include "base/decode.h"
#include "base/files.h"
#include "base/whole_file.h"
#include "datasets/fingerprint.h"

namespace mtlgrid {
namespace {

constexpr int kMemoryVersion = 1;

}  // namespace

FingerprintMemory FingerprintMemory::load(const std::filesystem::path& file) {
  FingerprintMemory memory;
  // A damaged memory is an empty one: it only saves reading again.
  try {
    const nlohmann::json json = decode_json(read_whole_file(file, "a memory of fingerprints"));
    if (json.at("version") != kMemoryVersion) return memory;
    for (const auto& [path, entry] : json.at("files").items()) {
      memory.entries_[path] = {entry.at("size").get<std::uint64_t>(), entry.at("modified_ns").get<std::int64_t>(),
                               entry.at("hash").get<std::string>()};
    }
  } catch (const nlohmann::json::exception&) {
    memory.entries_.clear();
  } catch (const Error&) {
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
  // Commands that read a grid may save at the same time: each has a temporary name of its own.
  write_by_rename(FileCalls::real(), file, json.dump(1) + "\n", {.suffix = fmt::format(".{}.tmp", ::getpid())});
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
