// Whether a store can be made or continued at a place, before anything costly is done for it.
#pragma once

#include <filesystem>

namespace mtlgrid {

// Returns where STORE, its journal and STORE.d can be written, as far as one can know without leaving anything behind:
// an unnamed file is made, written and forgotten in the folder, or in the nearest one above that is there, since
// missing folders are made later. Throws InputError where no store can ever be (below a file, behind a link that leads
// nowhere, in /proc), and FileError otherwise: no permission, a read-only file system, a full disk or quota, a limit on
// file sizes. File systems without unnamed files are asked for permission only.
void check_store_place(const std::filesystem::path& store);

}  // namespace mtlgrid
