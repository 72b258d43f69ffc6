#include "datasets/features/fingerprint_memory.h"

#include <fmt/core.h>
#include <unistd.h>
#include <utf8.h>

#include <nlohmann/json.hpp>

#include "base/decode.h"
#include "base/files.h"
#include "base/whole_file.h"

namespace mtlgrid {
namespace {

constexpr int kMemoryVersion = 2;
constexpr std::size_t kLongest = 256 << 20;  // bytes; guessed: a million files

// A wrong hash in it would be taken for changed data.
std::string sum_of(const nlohmann::json& files) {
  Fingerprint sum;
  sum.add(files.dump());
  return sum.hex();
}

}  // namespace

FingerprintMemory FingerprintMemory::load(const std::filesystem::path& file) {
  FingerprintMemory memory;
  // A damaged memory is an empty one: it only saves reading again.
  try {
    const nlohmann::json json = decode_json(read_whole_file(file, "a memory of fingerprints", kLongest));
    if (json.at("version") != kMemoryVersion || json.at("sum") != sum_of(json.at("files"))) return memory;
    for (const auto& [path, entry] : json.at("files").items()) {
      memory.entries_[path] = {{entry.at("size").get<std::uint64_t>(), entry.at("modified_ns").get<std::int64_t>(),
                                entry.at("inode").get<std::uint64_t>(), entry.at("changed_ns").get<std::int64_t>()},
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
    files[path] = {{"size", entry.stamp.size},
                   {"modified_ns", entry.stamp.modified_ns},
                   {"inode", entry.stamp.inode},
                   {"changed_ns", entry.stamp.changed_ns},
                   {"hash", entry.hash}};
  }
  const nlohmann::json json = {{"version", kMemoryVersion}, {"sum", sum_of(files)}, {"files", files}};
  // Commands that read a grid may save at the same time: each has a temporary name of its own.
  write_by_rename(FileCalls::real(), file, json.dump(1) + "\n", {.suffix = fmt::format(".{}.tmp", ::getpid())});
}

std::optional<std::string> FingerprintMemory::find(const std::filesystem::path& file) const {
  const auto entry = entries_.find(file.string());
  if (entry == entries_.end() || stamp_of(file) != entry->second.stamp) return std::nullopt;
  return entry->second.hash;
}

void FingerprintMemory::remember(const std::filesystem::path& file, const std::string& hash,
                                 const std::optional<FileStamp>& before) {
  const std::string name = file.string();
  if (!utf8::is_valid(name.begin(), name.end())) return;  // JSON could not hold it: such a file is read every time
  if (before && stamp_of(file) == before) entries_[name] = {*before, hash};
}

bool FingerprintMemory::forget_named_in(const std::string& text) {
  return std::erase_if(entries_, [&](const auto& entry) { return text.find(entry.first) != std::string::npos; }) > 0;
}

}  // namespace mtlgrid
