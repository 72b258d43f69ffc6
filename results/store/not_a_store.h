// What a path is that was given in place of a store, and what to type instead.
#pragma once

#include <filesystem>
#include <vector>

namespace mtlgrid {

// The stores in `folder`, by name: databases with our tables, without the copies that belong to another of them.
std::vector<std::filesystem::path> stores_in(const std::filesystem::path& folder);

// Throws InputError if `store` cannot be a store: it does not exist, cannot be read, is a folder, a link to nothing, a
// file of some other kind, or another of the files beside a store. The message says which, and what to type.
void require_store_file(const std::filesystem::path& store);

}  // namespace mtlgrid
