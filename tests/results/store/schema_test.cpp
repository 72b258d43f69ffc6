#include "results/store/schema.h"

#include <sqlite3.h>

#include "balancers/methods/registry.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::HasSubstr;

class Schema : public StoreTest {
 protected:
  Schema() { open(); }
  std::vector<std::string> names(const std::string& sql) const {
    const Database database(file, Database::Mode::read_only);
    Statement select = database.prepare(sql);
    std::vector<std::string> all;
    while (select.step()) all.push_back(select.text(0));
    return all;
  }
};

TEST_F(Schema, DocumentationNamesEveryTableColumnAndView) {
  const std::string page = read_file(fs::path(MTLGRID_SOURCE) / "docs" / "store.md");
  for (const std::string& table : names("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")) {
    EXPECT_THAT(page, HasSubstr("`" + table + "`"));
  }
  for (const std::string& table : names("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    const auto begin = page.find("\n| `" + table + "` |");
    ASSERT_NE(begin, std::string::npos) << table;
    const std::string row = page.substr(begin + 1, page.find('\n', begin + 1) - begin - 1);
    for (const std::string& column : names("SELECT name FROM pragma_table_info('" + table + "')")) {
      EXPECT_THAT(row, HasSubstr("`" + column + "`")) << table;
    }
  }
}

TEST_F(Schema, MethodsAreInTheTablesOrder) {
  const std::vector<std::string> stored = names("SELECT name FROM methods ORDER BY position");
  ASSERT_EQ(stored.size(), methods().size());
  for (std::size_t i = 0; i < stored.size(); ++i) EXPECT_EQ(stored[i], methods()[i].name);
}

// A store of a program with fewer methods, and one more of its own.
TEST_F(Schema, NewMethodsComeBehindThoseThatTheStoreHas) {
  Database database(folder / "other.db", Database::Mode::create);
  create_schema(database);
  database.execute("DELETE FROM methods WHERE name IN ('dwa', 'cagrad'); INSERT INTO methods VALUES ('other', 100)");
  add_new_methods(database);
  Statement select = database.prepare("SELECT name, position FROM methods ORDER BY position DESC LIMIT 3");
  for (const auto& [name, position] : {std::pair("cagrad", 102), std::pair("dwa", 101), std::pair("other", 100)}) {
    ASSERT_TRUE(select.step());
    EXPECT_EQ(select.text(0), name);
    EXPECT_EQ(select.integer(1), position);
  }
  EXPECT_EQ(database.integer("SELECT count(*) FROM methods"), static_cast<std::int64_t>(methods().size()) + 1);
  EXPECT_EQ(database.text("SELECT name FROM methods ORDER BY position LIMIT 1"), methods()[0].name);
}

// Registered by a program that has more methods; this one opens the store, and makes it again out of its journal.
TEST_F(Schema, GridWithMethodsOfAnotherProgramIsKept) {
  GridRecord record = grid();
  record.cells = {cell(0), cell(0, "other"), cell(1, "other")};
  { open().use_grid(record); }
  const auto last = [&] { return names("SELECT name FROM methods ORDER BY position").back(); };
  EXPECT_EQ(last(), "other");
  fs::remove(file);
  { open(); }
  EXPECT_EQ(last(), "other");
  EXPECT_EQ(names("SELECT method || fold FROM cells ORDER BY cell_id"),
            (std::vector<std::string>{"naive0", "other0", "other1"}));
}

TEST_F(Schema, RowsOfUnknownCellsAreRefused) {
  Database database(file, Database::Mode::read_write);
  EXPECT_THROW(database.execute("INSERT INTO metrics VALUES (99, 1, 'test', 'auroc', 0, 0.5, 0.4, 0.6, 10, 0, '')"),
               SqliteError);
}

TEST_F(Schema, CellIsDoneExactlyWhenAResultCounts) {
  { open_grid(); }
  Database database(file, Database::Mode::read_write);
  EXPECT_THROW(database.execute("UPDATE cells SET state = 'done'"), SqliteError);
}

TEST(Sqlite, AnErrorOfTheDiskIsForAPerson) {
  for (const int code : {SQLITE_IOERR_READ, SQLITE_IOERR_FSYNC}) {
    const Error error = error_of([&] { check_sqlite(nullptr, code); });
    EXPECT_EQ(error.kind(), ErrorKind::needs_person);
    EXPECT_THAT(error.what(), HasSubstr("dmesg"));
  }
  EXPECT_EQ(error_of([] { check_sqlite(nullptr, SQLITE_MISUSE); }).kind(), ErrorKind::fatal);
}

}  // namespace
}  // namespace mtlgrid::testing
