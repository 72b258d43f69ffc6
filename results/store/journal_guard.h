// What other programs do to STORE.journal while a run writes it: found before every commit, put right where that loses
// nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "results/store/journal.h"

namespace mtlgrid {

// Compares the file at the journal's path with the one that `writer` has open, by inode and size: two calls of stat.
//
// Removed or replaced: the open file still holds every record. It is copied back under its name; a file that has taken
// its place is first moved to STORE.journal.damaged-N. Appended to: records of a run that had lost its lock (of an
// epoch below `epoch`) are skipped, and bytes without a whole record moved to STORE.journal.damaged-N. Each is told
// through `say`. Throws Error(needs_person) where records are gone (the file was cut, or also changed), where more was
// appended than a record can have, or where another run appends to the same journal; FileError if the file cannot be
// written. The caller holds the lock of `store`.
void guard_journal(Platform& platform, JournalWriter& writer, const std::filesystem::path& store, std::uint64_t epoch,
                   const std::function<void(const std::string&)>& say);

// That the journal is not what this run wrote to it, `found` being how; what a person can do.
Error journal_changed(const std::filesystem::path& journal, const std::filesystem::path& store,
                      const std::string& found);

}  // namespace mtlgrid
