// Names on disk: the one owner of every file and folder name beside a store and below its folder STORE.d.
//
// Everything else builds these names with the functions below and recognises them with the two parsers, which are the
// inverse. No name is spelled a second time in C++, with these exceptions: the views `attempt_summary` and `failures`
// (schema.cpp) spell the path of an attempt's log in SQL; base and datasets, which are below this room, choose the
// names of their own temporary files. The Python tests spell names themselves; shell scripts ask `mtlgrid paths`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace mtlgrid {

struct Cell;

// The files and folders beside a store. N counts from 1.
enum class StoreFile {
  database,         // STORE
  journal,          // STORE.journal
  lock,             // STORE.lock
  done,             // STORE.done: how the last run ended
  progress,         // STORE.progress: the live status of a run
  sum,              // STORE.sum: hashes of the database's bytes and contents
  snapshot,         // STORE.snapshot: a copy of the database for readers
  folder,           // STORE.d, a folder
  working,          // STORE.working: the database of the run in progress, which it copies to STORE
  damaged,          // STORE.damaged-N: a database that recovery moved aside
  damaged_journal,  // STORE.journal.damaged-N: the part of a damaged journal that recovery did not use
  rehearsal,        // STORE.rehearsal-N, the folder of a rehearsal
  rehearsal_done,   // STORE.rehearsal.done: how the last rehearsal ended
};

// The path of a file that exists once.
std::filesystem::path store_path(const std::filesystem::path& store, StoreFile file);
// The path of a numbered file (damaged, damaged_journal, rehearsal).
std::filesystem::path store_path(const std::filesystem::path& store, StoreFile file, int number);
// The first numbered path at which nothing exists.
std::filesystem::path unused_store_path(const std::filesystem::path& store, StoreFile file);
// The path that takes the place of STORE for the verdict of a rehearsal: the verdict is its `done`.
std::filesystem::path rehearsal_verdict(const std::filesystem::path& store);

// DATABASE-journal: SQLite's rollback journal of a database. DATABASE-wal and -shm: its write-ahead log and the index
// of that; no program of ours makes these two.
std::filesystem::path rollback_journal(const std::filesystem::path& database);
std::filesystem::path write_ahead_log(const std::filesystem::path& database);
std::filesystem::path write_ahead_index(const std::filesystem::path& database);
// FILE.tmp: the name of a file while it is written, before it is renamed to FILE.
std::filesystem::path temporary_path(const std::filesystem::path& file);
// LOCK.HOST.PROCESS: a lock while it is written, before it takes the place of a stale LOCK.
std::filesystem::path lock_candidate(const std::filesystem::path& lock, const std::string& host, std::int64_t process);

// A name beside a store, in parts.
struct StoreName {
  enum class Form {
    plain,      // the file itself
    temporary,  // temporary_path() of it
    rollback,   // rollback_journal() of it
    candidate,  // lock_candidate() of it
  };
  StoreFile file = StoreFile::database;
  int number = 0;  // of a numbered file; 0 otherwise
  Form form = Form::plain;
  bool operator==(const StoreName&) const = default;
};
// The parts of `name`, a file name without folder; `store` is the file name of the store. nullopt if it is not a name
// that this header builds for that store.
std::optional<StoreName> parse_store_name(std::string_view store, std::string_view name);

// STORE.d/fingerprints.json: which feature files were read and found good.
std::filesystem::path fingerprint_file(const std::filesystem::path& store);
std::filesystem::path store_folder(const std::filesystem::path& store);  // STORE.d

// grid-ID, below STORE.d.
std::string grid_folder_name(std::int64_t grid_id);
std::string grid_folder(const std::filesystem::path& store, std::int64_t grid_id);  // STORE.d/grid-ID
// GRID_FOLDER/logs: what trainer processes print outside attempts, a file HOST-RANK-SLOT.log for each.
std::string trainer_log_folder(const std::string& grid_folder);
std::string trainer_log_name(const std::string& host, int rank, int slot);
// GRID_FOLDER/<cell>/attempt-N.
std::string attempt_folder(const std::string& grid_folder, const Cell& cell, int attempt);
// N of the folder name attempt-N; nullopt for other names.
std::optional<int> parse_attempt_folder(std::string_view name);

// In an attempt's folder: its log, its checkpoints and, once it has a result, its best weights.
inline constexpr const char* kAttemptLog = "log";
inline constexpr const char* kWeightsFile = "weights.mtlgrid";
// checkpoint-NNNNNNNNNN: `steps` has at least ten digits, so that the newest checkpoint is the last one by name.
std::string checkpoint_name(std::int64_t steps);

// A name in an attempt's folder, in parts.
struct AttemptName {
  enum class File { log, weights, checkpoint };
  File file = File::log;
  std::int64_t steps = 0;  // of a checkpoint
  bool temporary = false;  // temporary_path() of it: a killed trainer left it behind
  bool operator==(const AttemptName&) const = default;
};
// nullopt for names that are not built here.
std::optional<AttemptName> parse_attempt_name(std::string_view name);
// Whether `name` is a checkpoint that was written to its end.
bool is_whole_checkpoint(std::string_view name);

}  // namespace mtlgrid
