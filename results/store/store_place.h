// Which places are a store's: whether it can be made or continued there, and that nothing else is written over it.
#pragma once

#include <filesystem>

namespace mtlgrid {

// Returns where STORE, its journal and STORE.d can be written, as far as one can know without leaving anything behind:
// an unnamed file is made, written and forgotten in the folder, or in the nearest one above that is there, since
// missing folders are made later. Throws InputError where no store can ever be (below a file, behind a link that leads
// nowhere, in /proc), and FileError otherwise: no permission, a read-only file system, a full disk or quota, a limit on
// file sizes. File systems without unnamed files are asked for permission only.
void check_store_place(const std::filesystem::path& store);

// Throws InputError, which begins with `option`, if `out` is STORE, one of the files beside it, or below STORE.d: what
// a command writes must not replace them. `out` need not exist; links to folders are followed.
void refuse_place_of_store(const char* option, const std::filesystem::path& out, const std::filesystem::path& store);

}  // namespace mtlgrid
