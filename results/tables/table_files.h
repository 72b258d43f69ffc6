// Tables written to a folder.
#pragma once

#include <filesystem>
#include <vector>

#include "results/tables/paper_table.h"
#include "results/tables/table_origin.h"
#include "results/tables/table_render.h"

namespace mtlgrid {

// Writes every table in every format into `out` (made if missing; each file by rename), the record of their origin
// before them, and returns the files of the tables. Replaces what is there: check_table_folder() comes before. Throws
// InputError if `out` cannot be made.
std::vector<std::filesystem::path> write_tables(const std::vector<PaperTable>& tables,
                                                const std::vector<TableFormat>& formats,
                                                const std::filesystem::path& out, const TableOrigin& origin);

}  // namespace mtlgrid
