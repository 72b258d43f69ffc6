// Makes the database of a store agree with its journal when the store is opened for writing.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <limits>
#include <utility>

#include "results/store/journal.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

// STORE.working, which is removed at the end of the run: the next one copies STORE, or builds it from the journal.
class WorkingFile {
 public:
  // Makes an empty file in place of what a killed run left. Throws FileError.
  explicit WorkingFile(std::filesystem::path file);
  WorkingFile(WorkingFile&& other) noexcept : file_(std::exchange(other.file_, {})), inode_(other.inode_) {}
  WorkingFile& operator=(WorkingFile&&) = delete;
  ~WorkingFile();  // leaves a file that has taken its place: it is of a run that has taken the lock over
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
  ino_t inode_ = 0;
};

struct RecoveredStore {
  WorkingFile working;
  Database database;     // of the working file; holds every record of the journal
  JournalEnd journal;    // where the writer continues: after the last good record
  bool rebuilt = false;  // STORE is missing, or is not what the journal gives
};

// Makes the database that a run works on. Otherwise than a new one, it is a copy of STORE if the bytes are those that
// the last run left (STORE.sum), with the records that it lacks applied. Rebuilds the database from the journal after a
// kill, or where it was in use when its machine went down. Another program that has STORE open is not waited for. A
// database with other bytes, one that SQLite cannot read and one of an older schema is first moved to STORE.damaged-N.
// The part of the journal after a damaged record is copied to STORE.journal.damaged-N. Reports each of these through
// `say`. The caller holds the lock. `alive` is called every 64 records, so that the caller can renew the lock, and
// before any file is replaced or moved; an exception that it throws ends the recovery.
//
// Throws Error(needs_person), having changed nothing, if the database holds more than can be read from the journal (the
// journal was deleted, is damaged in its middle, or is an old copy), or if both were continued apart from each other (a
// store that was copied, continued twice and mixed): the program cannot tell which of them is right.
// Throws InputError if STORE is some other file, and whatever `alive` throws.
//
// `always`: whatever the database is, it is moved aside and built from the journal, which stays as it is.
enum class Rebuild { where_needed, always };
RecoveredStore recover_store(Platform& platform, const std::filesystem::path& store,
                             const std::function<void(const std::string&)>& say, const std::function<void()>& alive,
                             Rebuild rebuild = Rebuild::where_needed);

// Builds what `journal` gives up to its record `last` in `database`, a new one; returns how far the journal could be
// read. `alive` as above. Throws Error(needs_person) for a record that no run can have written.
JournalEnd build_from_journal(Database& database, const std::filesystem::path& journal,
                              const std::function<void()>& alive,
                              std::uint64_t last = std::numeric_limits<std::uint64_t>::max());

// In what `database` differs from what the journal gives up to its record `last`: "runs", before all others, if they
// were continued apart from each other; a table, or "schema"; "" if in nothing. Cost: as a rebuild. Errors as above.
std::string difference_from_journal(const Database& database, const std::filesystem::path& journal, std::uint64_t last);

// Records which machine uses the database: copies that a run in progress publishes do not wait for the disk.
void mark_in_use(Database& database, const std::string& machine);
void mark_unused(Database& database);

}  // namespace mtlgrid
