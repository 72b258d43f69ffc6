// Opening a store to read it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "results/store/sqlite.h"

namespace mtlgrid {

// The file a reader should open: STORE.snapshot while a run holds the lock, STORE otherwise.
std::filesystem::path readable_store(const std::filesystem::path& store);

// Opens the file that readable_store() returns, read-only. Its schema (for example its views) may call harmless
// functions only. Throws InputError if the file does not exist, if it is not an mtlgrid store, if its schema has
// another version, if its contents are not those that the last run left, or such that no run writes
// (results/store/impossible.h); the message says what to do.
Database open_for_reading(const std::filesystem::path& store);

// A copy of the same, in a file of SQLite's own that goes with the connection: no writer waits for its reader.
Database open_copy_for_reading(const std::filesystem::path& store);

// That `store` holds what no run writes, `what` saying which; the message says what to do. For readers of the large
// tables, which open_for_reading() does not look through.
InputError written_by_no_run(const std::filesystem::path& store, const std::string& what);

// The error of a command that reads `store`, for what SQLite found wrong only where it was read: a damaged page, a row
// that is too long. An InputError that names the store and says what to do; other errors of SQLite are thrown as they
// are.
[[noreturn]] void refuse_unreadable(const std::filesystem::path& store, const SqliteError& error);

// That another program wrote to a store without changing its results, and what it added; of a store without a sum, what
// is there that is not ours. nullopt if there is nothing to say. Commands say it once, on stderr.
std::optional<std::string> foreign_notice(const std::filesystem::path& store);

}  // namespace mtlgrid
