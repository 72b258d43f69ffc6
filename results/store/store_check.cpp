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

namespace {

// What a store whose bytes are not those that the last run left holds. Throws SqliteError.
StoreCheck compare(const fs::path& store) {
  using Kind = StoreCheck::Kind;
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
  if (other != "schema") return {Kind::differs, {}, "its table " + other};
  const std::vector<std::string> missing = missing_parts(database);
  return {Kind::differs,
          {},
          missing.empty() ? "a table, index or view of it was redefined" : "it lacks " + enumerated(missing)};
}

}  // namespace

StoreCheck check_store(const fs::path& store) {
  const SumState sum = check_sum(store);
  if (sum != SumState::wrong) {
    return {sum == SumState::right ? StoreCheck::Kind::same_bytes : StoreCheck::Kind::unchecked, {}, ""};
  }
  std::string failure;
  // Where a program was killed while it wrote, the first connection undoes that, and its own statement may fail.
  for (int tries = 0; tries < 2; ++tries) {
    try {
      return compare(store);
    } catch (const SqliteError& e) {
      if ((e.code() & 0xff) == SQLITE_BUSY) throw;
      failure = "SQLite: " + e.text();
    }
  }
  return {StoreCheck::Kind::differs, {}, failure};
}

}  // namespace mtlgrid
