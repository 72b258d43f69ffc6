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
// another version, or if its contents are not those that the last run left; the message says what to do.
Database open_for_reading(const std::filesystem::path& store);

// That another program wrote to a store without changing its results, and what it added; nullopt if there is nothing to
// say. Commands say it once, on stderr.
std::optional<std::string> foreign_notice(const std::filesystem::path& store);

}  // namespace mtlgrid
