#include "results/store/schema.h"

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

}  // namespace
}  // namespace mtlgrid::testing
