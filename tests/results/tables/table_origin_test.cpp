#include "results/tables/table_origin.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "results/store/schema.h"
#include "results/tables/table_files.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class TableOrigins : public ::testing::Test {
 protected:
  TableOrigins() {
    std::string pattern = (fs::temp_directory_path() / "mtlgrid-origin-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directory(out());
  }
  ~TableOrigins() override { fs::remove_all(folder_); }

  fs::path out() const { return folder_ / "tables"; }
  static TableOrigin origin(std::int64_t grid, const std::string& identity, bool several = true) {
    return {"/x/grid.db", "journal-1", grid, identity, several};
  }
  // As `mtlgrid tables` writes them.
  void write(const TableOrigin& origin) const {
    PaperTable table;
    table.file_stem = "table1";
    write_tables({table}, {TableFormat::csv}, out(), origin);
  }
  std::string refused(const TableOrigin& origin) const {
    try {
      check_table_folder(out(), origin);
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  }

  fs::path folder_;
};

TEST_F(TableOrigins, TheSameGridReplacesItsOwnTables) {
  EXPECT_EQ(check_table_folder(folder_ / "none", origin(1, "aaa")), "");
  EXPECT_EQ(check_table_folder(out(), origin(1, "aaa")), "");
  write(origin(1, "aaa"));
  EXPECT_EQ(check_table_folder(out(), origin(1, "aaa")), "");
  TableOrigin moved = origin(1, "aaa");
  moved.store = "/elsewhere/grid.db";
  EXPECT_EQ(check_table_folder(out(), moved), "") << "a store that was moved or copied";
  TableOrigin again = origin(1, "aaa");
  again.journal = "journal-2";
  EXPECT_EQ(check_table_folder(out(), again), "") << "a store that was made again in its place";
}

TEST_F(TableOrigins, AnotherGridIsRefusedAndAFolderProposed) {
  write(origin(1, "aaaaaaaaaaaabbbb"));
  EXPECT_THAT(refused(origin(2, "cccc")),
              AllOf(HasSubstr("holds the tables of grid 1 (aaaaaaaaaaaa) of /x/grid.db, these are of grid 2 (cccc)"),
                    HasSubstr("--out " + out().string() + "-grid2")));
}

TEST_F(TableOrigins, AnotherStoreIsRefusedEvenWithTheSameGrid) {
  write(origin(1, "aaa"));
  TableOrigin other = origin(1, "aaa", false);
  other.store = "/y/second.db";
  other.journal = "journal-2";
  EXPECT_THAT(refused(other), HasSubstr("--out " + out().string() + "-second"));
}

TEST_F(TableOrigins, TablesWithoutARecordAreReplacedByAStoreWithOneGridOnly) {
  std::ofstream(out() / "table2.md") << "by an earlier version";
  EXPECT_THAT(check_table_folder(out(), origin(1, "aaa", false)), HasSubstr("an earlier version"));
  EXPECT_THAT(refused(origin(1, "aaa", true)), HasSubstr("--out " + out().string() + "-grid1"));
}

TEST_F(TableOrigins, AFolderWhoseTablesWereRemovedIsFree) {
  write(origin(1, "aaa"));
  fs::remove(out() / "table1.csv");
  EXPECT_EQ(check_table_folder(out(), origin(2, "bbb")), "");
}

TEST_F(TableOrigins, ARecordThatCannotBeReadIsNamed) {
  write(origin(1, "aaa"));
  for (const char* text : {"", "{", "[1]", R"({"store": 1, "journal": "", "grid": 1, "identity": ""})"}) {
    std::ofstream(out() / kOriginFile, std::ios::trunc) << text;
    EXPECT_THAT(refused(origin(1, "aaa")), HasSubstr("tables.json: does not say")) << text;
  }
}

TEST_F(TableOrigins, IsReadFromTheStore) {
  Database database(folder_ / "grid.db", Database::Mode::create);
  {
    Transaction transaction(database);
    create_schema(database);
    transaction.commit();
  }
  database.execute("INSERT INTO grids VALUES (1, 'abc', '{}', '', 0); INSERT INTO meta VALUES ('journal', 'j1')");
  const TableOrigin one = origin_of(database, folder_ / "x/../grid.db", 1);
  EXPECT_EQ(one.store, folder_ / "grid.db");
  EXPECT_EQ(one.journal, "j1");
  EXPECT_EQ(one.identity, "abc");
  EXPECT_FALSE(one.several_grids);
  database.execute("INSERT INTO grids VALUES (2, 'def', '{}', '', 0)");
  EXPECT_TRUE(origin_of(database, folder_ / "grid.db", 2).several_grids);
}

}  // namespace
}  // namespace mtlgrid
