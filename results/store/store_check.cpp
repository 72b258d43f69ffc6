#include "results/store/store_check.h"

#include <sqlite3.h>

#include <vector>

#include "results/store/journal.h"
#include "results/store/layout.h"
#include "results/store/store_open.h"
#include "results/store/store_recovery.h"
#include "results/store/store_sum.h"

namespace mtlgrid {

namespace fs = std::filesystem;

StoreContents without_methods(StoreContents contents) {
  std::erase_if(contents, [](const TableContents& table) { return table.name == "methods"; });
  return contents;
}

std::optional<StoreContents> contents_of_journal(const fs::path& store) {
  const fs::path journal = store_path(store, StoreFile::journal);
  if (!fs::exists(journal)) return std::nullopt;
  Database built("", Database::Mode::create);  // SQLite deletes it with the connection
  const JournalEnd end = build_from_journal(built, journal, [] {});
  if (end.id == 0 || end.kind == JournalEnd::Kind::damaged) return std::nullopt;
  return without_methods(contents_of(built));
}

StoreCheck check_store(const fs::path& store) {
  using Kind = StoreCheck::Kind;
  const SumState sum = check_sum(store);
  if (sum != SumState::wrong) return {sum == SumState::right ? Kind::same_bytes : Kind::unchecked, {}, ""};
  try {
    const Database database = open_distrusted(store, false);
    if (!unreadable_schema(database).empty()) return {};
    const std::string broken = broken_table(database);
    if (!broken.empty()) return {Kind::differs, {}, "its table " + broken};
    std::optional<StoreContents> left = summed_contents(store);
    StoreContents here = contents_of(database);
    if (!left) {
      left = contents_of_journal(store);
      here = without_methods(here);
    }
    if (!left) return {Kind::unknown, {}, ""};
    const std::string other = first_difference(*left, here);
    if (other.empty()) return {Kind::same_contents, foreign_parts(database), ""};
    return {Kind::differs, {}, other == "schema" ? "a table, index or view of it was redefined" : "its table " + other};
  } catch (const SqliteError& e) {
    if ((e.code() & 0xff) == SQLITE_BUSY) throw;
    return {Kind::differs, {}, "SQLite: " + e.text()};
  }
}

}  // namespace mtlgrid
