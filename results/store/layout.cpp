#include "results/store/layout.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "base/cell.h"
#include "base/files.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kTemporary = ".tmp", kRollback = "-journal";
constexpr std::string_view kRehearsal = ".rehearsal";
constexpr std::string_view kGrid = "grid-", kAttempt = "attempt-", kCheckpoint = "checkpoint-";

// What follows the store's name. A numbered suffix is followed by the number.
struct Suffix {
  StoreFile file;
  std::string_view text;
  bool numbered = false;
  bool has_temporary = false;  // it is written under another name first
  bool has_rollback = false;   // it is a database that SQLite may keep a rollback journal of
};
constexpr std::array kSuffixes = {
    Suffix{StoreFile::database, "", false, false, true},
    Suffix{StoreFile::journal, ".journal"},
    Suffix{StoreFile::lock, ".lock"},
    Suffix{StoreFile::done, ".done", false, true},
    Suffix{StoreFile::progress, ".progress", false, true},
    Suffix{StoreFile::sum, ".sum", false, true},
    Suffix{StoreFile::snapshot, ".snapshot", false, true},
    Suffix{StoreFile::folder, ".d"},
    Suffix{StoreFile::working, ".working", false, true, true},
    Suffix{StoreFile::damaged, ".damaged-", true, false, true},
    Suffix{StoreFile::damaged_journal, ".journal.damaged-", true},
    Suffix{StoreFile::rehearsal, ".rehearsal-", true},
    Suffix{StoreFile::rehearsal_done, ".rehearsal.done", false, true},
};

const Suffix& suffix_of(StoreFile file) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.file == file) return suffix;
  }
  return kSuffixes[0];
}

bool strip(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

// A positive number that is the whole text, without leading zeros.
std::optional<int> count_of(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0 || text.front() == '0') {
    return std::nullopt;
  }
  return number;
}

// `rest` is the name without the store's name.
std::optional<StoreName> parse_plain(std::string_view rest) {
  for (const Suffix& suffix : kSuffixes) {
    if (!suffix.numbered && rest == suffix.text) return StoreName{suffix.file};
    if (!suffix.numbered || !rest.starts_with(suffix.text)) continue;
    if (const auto number = count_of(rest.substr(suffix.text.size()))) return StoreName{suffix.file, *number};
  }
  return std::nullopt;
}

// .lock.HOST.PROCESS; a host's name may have dots in it.
bool is_lock_candidate(std::string_view rest) {
  const std::string lock = std::string(suffix_of(StoreFile::lock).text) + ".";
  if (!rest.starts_with(lock)) return false;
  rest.remove_prefix(lock.size());
  const std::size_t dot = rest.rfind('.');
  return dot != std::string_view::npos && dot > 0 && count_of(rest.substr(dot + 1));
}

}  // namespace

fs::path store_path(const fs::path& store, StoreFile file) { return beside(store, std::string(suffix_of(file).text)); }

fs::path store_path(const fs::path& store, StoreFile file, int number) {
  return beside(store_path(store, file), std::to_string(number));
}

fs::path unused_store_path(const fs::path& store, StoreFile file) {
  return unused_name(store, std::string(suffix_of(file).text));
}

fs::path rehearsal_verdict(const fs::path& store) { return beside(store, std::string(kRehearsal)); }

fs::path rollback_journal(const fs::path& database) { return beside(database, std::string(kRollback)); }
fs::path write_ahead_log(const fs::path& database) { return beside(database, "-wal"); }
fs::path write_ahead_index(const fs::path& database) { return beside(database, "-shm"); }

fs::path temporary_path(const fs::path& file) { return beside(file, std::string(kTemporary)); }

fs::path lock_candidate(const fs::path& lock, const std::string& host, std::int64_t process) {
  return beside(lock, "." + host + "." + std::to_string(process));
}

std::optional<StoreName> parse_store_name(std::string_view store, std::string_view name) {
  if (!name.starts_with(store)) return std::nullopt;
  std::string_view rest = name.substr(store.size());
  if (const auto plain = parse_plain(rest)) return plain;
  if (is_lock_candidate(rest)) return StoreName{StoreFile::lock, 0, StoreName::Form::candidate};
  StoreName::Form form = StoreName::Form::plain;
  if (strip(rest, kTemporary)) form = StoreName::Form::temporary;
  if (form == StoreName::Form::plain && strip(rest, kRollback)) form = StoreName::Form::rollback;
  auto parsed = parse_plain(rest);
  if (!parsed || form == StoreName::Form::plain) return std::nullopt;
  const Suffix& suffix = suffix_of(parsed->file);
  if (!(form == StoreName::Form::temporary ? suffix.has_temporary : suffix.has_rollback)) return std::nullopt;
  parsed->form = form;
  return parsed;
}

fs::path store_folder(const fs::path& store) { return store_path(store, StoreFile::folder); }

fs::path fingerprint_file(const fs::path& store) { return store_folder(store) / "fingerprints.json"; }

std::string trainer_log_folder(const std::string& grid_folder) { return grid_folder + "/logs"; }

std::string trainer_log_name(const std::string& host, int rank, int slot) {
  return host + "-" + std::to_string(rank) + "-" + std::to_string(slot) + ".log";
}

std::string grid_folder_name(std::int64_t grid_id) { return std::string(kGrid) + std::to_string(grid_id); }

std::string grid_folder(const fs::path& store, std::int64_t grid_id) {
  return (store_folder(store) / grid_folder_name(grid_id)).string();
}

std::string attempt_folder(const std::string& grid_folder, const Cell& cell, int attempt) {
  return grid_folder + "/" + cell.name() + "/" + std::string(kAttempt) + std::to_string(attempt);
}

std::optional<int> parse_attempt_folder(std::string_view name) {
  if (!name.starts_with(kAttempt)) return std::nullopt;
  return count_of(name.substr(kAttempt.size()));
}

std::string checkpoint_name(std::int64_t steps) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%010lld", static_cast<long long>(steps));
  return std::string(kCheckpoint) + digits;
}

std::optional<AttemptName> parse_attempt_name(std::string_view name) {
  AttemptName parsed;
  parsed.temporary = strip(name, kTemporary);
  if (name == kAttemptLog && !parsed.temporary) return parsed;
  if (name == kWeightsFile) {
    parsed.file = AttemptName::File::weights;
    return parsed;
  }
  if (!name.starts_with(kCheckpoint)) return std::nullopt;
  parsed.file = AttemptName::File::checkpoint;
  name.remove_prefix(kCheckpoint.size());
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), parsed.steps);
  if (error != std::errc() || end != name.data() + name.size() || parsed.steps < 0) return std::nullopt;
  return parsed;
}

bool is_whole_checkpoint(std::string_view name) {
  const auto parsed = parse_attempt_name(name);
  return parsed && parsed->file == AttemptName::File::checkpoint && !parsed->temporary;
}

}  // namespace mtlgrid
