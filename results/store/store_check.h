// Whether a store still is what the last run left: by its bytes, and by its contents where the bytes differ.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/store/store_contents.h"

namespace mtlgrid {

struct StoreCheck {
  enum class Kind {
    unchecked,      // there is no sum (a run is in progress or was killed), or the schema is of another version
    same_bytes,     //
    same_contents,  // another program wrote to it and left our tables and views as they were
    differs,        // damaged, or changed
    unknown,        // other bytes, and neither a sum of contents nor a journal to compare with
  };
  Kind kind = Kind::unchecked;
  std::vector<std::string> foreign;  // same_contents: what the other program added
  std::string what;                  // differs: what, in words
};

// Compares with STORE.sum; with the journal if the sum is of a version that knew bytes only. Throws Error if a file
// cannot be read.
StoreCheck check_store(const std::filesystem::path& store);

// What the journal of `store` gives, `methods` apart, whose rows depend on the program that made them; nullopt if it
// does not exist or cannot be read to its end.
std::optional<StoreContents> contents_of_journal(const std::filesystem::path& store);
StoreContents without_methods(StoreContents contents);

}  // namespace mtlgrid
