// What a database with our schema can hold although no run writes it: a store may come from anybody.
#pragma once

#include <string>

namespace mtlgrid {

class Database;

// The first thing found that no run of ours leaves, in words ("table cells: ..."); "" if there is none. Then readers
// can rely on this: our tables, indices and views are defined as here; in `grids`, `cells`, `attempts` and the other
// tables that have a row a cell or fewer, types and constraints hold and rows refer to rows that are there; names are
// shorter than 4 KiB; folds, attempts and times are numbers of an ordinary size; and methods x folds x pairs are not
// far more than the cells. The large tables (metrics, predictions, epochs, embeddings, splits, drops) are not read: who
// reads them checks each row. Cost: the small tables once. Throws SqliteError if the file is damaged.
std::string impossible_contents(const Database& database);

}  // namespace mtlgrid
