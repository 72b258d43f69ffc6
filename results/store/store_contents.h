// What a store holds, apart from how SQLite keeps it: the same after VACUUM, ANALYZE, a switch to WAL, or with tables,
// views, indices and triggers that another program added.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mtlgrid {

class Database;

// A table of ours, or `schema`: the definitions of our tables, indices and views.
struct TableContents {
  std::string name;
  std::int64_t rows = 0;
  std::string hash;  // of all rows in any order, 32 hex digits
  bool operator==(const TableContents&) const = default;
};
// `schema` first, then every table of this program's schema. They detect changes, not forgery.
using StoreContents = std::vector<TableContents>;

// Reads every row. `database` has this program's schema version; throws SqliteError if a table is missing or damaged.
StoreContents contents_of(const Database& database);

// The first name whose contents differ, or that is in one of them alone; "" if all agree.
std::string first_difference(const StoreContents& a, const StoreContents& b);

// What other programs added, e.g. "view mine", "ANALYZE's table sqlite_stat1", "WAL mode"; in the order of the schema.
std::vector<std::string> foreign_parts(const Database& database);

// Our tables, indices and views that are not there, e.g. "view table1"; in the order of our schema.
std::vector<std::string> missing_parts(const Database& database);

// The first of our tables, indices and views that is not there or defined otherwise; "" if there is none.
std::string redefined_part(const Database& database);

// "a, b, c and 2 more"
std::string enumerated(const std::vector<std::string>& parts);

// What SQLite's own check finds wrong in our tables and their indices; "" if nothing. Slow: every page is read.
std::string broken_table(const Database& database);
// The same of one of them.
std::string broken_table(const Database& database, const std::string& table);

}  // namespace mtlgrid
