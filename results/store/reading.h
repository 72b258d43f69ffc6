// Opening a store to read it.
#pragma once

#include <filesystem>

#include "results/store/sqlite.h"

namespace mtlgrid {

// The file a reader should open: STORE.snapshot while a run holds the lock, STORE otherwise.
std::filesystem::path readable_store(const std::filesystem::path& store);

// Opens the file that readable_store() names, for reading alone: nothing can be written through it, and its schema
// (views, say) may call harmless functions alone. Throws InputError if there is no store, if it is no store of ours, or
// if its schema has another version (saying what to do).
Database open_for_reading(const std::filesystem::path& store);

}  // namespace mtlgrid
