// Bringing database and journal of a store together when it is opened for writing.
#pragma once

#include <filesystem>
#include <functional>

#include "results/journal.h"
#include "results/sqlite.h"

namespace mtlgrid {

struct RecoveredStore {
  Database database;   // holds every record of the journal
  JournalEnd journal;  // where the writer goes on, behind the last good record
};

// Creates a store that does not exist. Otherwise: moves a damaged database, or one of an older schema, aside to
// STORE.damaged-N and makes it anew from the journal; applies records that the database lacks; keeps what follows a
// damaged record aside in STORE.journal.damaged-N. Says each of these through `say`. The caller holds the lock.
//
// Throws Error(needs_person), having changed nothing, where the database holds more than what can be read of the
// journal (journal deleted, damaged in its middle or an old copy): nothing here can tell which one is right.
// Throws InputError if STORE is some other file.
RecoveredStore recover_store(Platform& platform, const std::filesystem::path& store,
                             const std::function<void(const std::string&)>& say);

}  // namespace mtlgrid
