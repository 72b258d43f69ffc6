// Whatever a database with our schema holds, and whatever bytes it has, its readers read it or refuse it.
#include <sqlite3.h>

#include <random>

#include "tests/fuzz/store_readers.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kTables[] = {"meta",       "runs",     "methods", "grids",       "grid_cohorts",
                                   "cells",      "attempts", "metrics", "predictions", "epochs",
                                   "embeddings", "splits",   "drops",   "view_help"};

// What no run writes, as SQL.
const std::vector<std::string>& odd_values() {
  static const std::vector<std::string> kOdd = {
      "NULL",
      "-1",
      "0",
      "2",
      "7",
      "1000000",
      "2147483648",
      "9223372036854775807",
      "-9223372036854775807 - 1",
      "9e999",
      "-9e999",
      "1e308",
      "-0.0",
      "''",
      "'x'",
      "'MSI'",
      "'a/b'",
      "'baseline'",
      "'test'",
      "'../../etc'",
      "'done'",
      "'running'",
      "CAST(x'fffe41' AS TEXT)",
      "CAST(x'410042' AS TEXT)",
      "x''",
      "x'010203'",
      "zeroblob(5)",
      "zeroblob(16)",
      "x'0000c07f0000c07f'",
      "printf('%.*c', 5000, 'y')",
      "printf('%.*c', 100000, '[')",
      "'{'",
      "'null'",
      "'[1]'",
      "'{}'",
      R"('{"file":7,"init":{"file":1},"biomarkers":3,"cluster":[1],"protocol":{"name":4},"bootstrap":5,)"
      R"("cohorts":[],"seed":"x","data":{"features":3,"labels":[1],"targets":{"a":{"b":{"c":"x"}}}}}')",
      R"('{"init":5,"cluster":{"retries_crash":"x","retries_lost":1e300},"biomarkers":{"MSI":{"train":1,"auxiliaries":2}},)"
      R"("data":{"features":{"a":{"p":1}},"labels":{"MSI":{"test":{"p1":1e300}}}}}')"};
  return kOdd;
}

class AnyStore : public StoreTest {
 protected:
  AnyStore() {
    fill_with_two_results_and_a_failure();
    {
      Store store = open_grid();
      store.commit_result(result(cell(0, "baseline")));
      GridRecord other = grid("def");
      other.settings = {{"seed", 1}, {"protocol", {{"name", "paper"}}}, {"biomarkers", {{"MSI", {{"train", "T"}}}}}};
      store.use_grid(other);
      store.commit_result(result(cell(1, "baseline"), 1, 0.5));
    }
    fs::remove(store_path(file, StoreFile::sum));
    whole = read_file(file);
  }

  std::size_t below(std::size_t n) { return random() % n; }
  // Writes without types, constraints and references, and with the definitions of our schema after that.
  void with(const std::vector<std::string>& statements) {
    const auto change = [&](const std::string& sql) {
      Database database(file, Database::Mode::read_write);
      sqlite3_create_function(database.handle(), "chance", 0, SQLITE_UTF8, this, draw, nullptr, nullptr);
      database.execute(
          "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON; "
          "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF");
      sqlite3_exec(database.handle(), sql.c_str(), nullptr, nullptr, nullptr);  // some violate a key
    };
    change(
        "CREATE TABLE kept AS SELECT name, sql FROM sqlite_schema WHERE type = 'table'; UPDATE sqlite_schema SET sql = "
        "replace(replace(replace(sql, 'IS NOT NULL', 'IS @'), ' NOT NULL', ''), 'IS @', 'IS NOT NULL') WHERE type = "
        "'table'; UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT, WITHOUT', 'WITHOUT'), ') STRICT', ')') "
        "WHERE type = 'table'");
    for (const std::string& sql : statements) change(sql);
    change(
        "UPDATE sqlite_schema SET sql = (SELECT k.sql FROM kept k WHERE k.name = sqlite_master.name) WHERE type = "
        "'table' AND name IN (SELECT name FROM kept)");
    change("DROP TABLE kept");
  }
  std::string random_change() {
    const std::string table = kTables[below(std::size(kTables))], value = odd_values()[below(odd_values().size())];
    std::vector<std::string> columns;
    {
      const Database database(file, Database::Mode::read_only);
      Statement names = database.prepare("SELECT name FROM pragma_table_info(?)");
      names.bind_all(table);
      while (names.step()) columns.push_back(names.text(0));
    }
    const std::string column = columns[below(columns.size())];
    switch (below(8)) {
      case 0:
        return "DELETE FROM " + table + " WHERE chance()";
      case 1: {
        std::string list;
        for (const std::string& c : columns) list += (list.empty() ? "" : ", ") + (c == column ? value : c);
        return "INSERT OR IGNORE INTO " + table + " SELECT " + list + " FROM " + table + " WHERE chance()";
      }
      case 2:
        return "UPDATE OR REPLACE " + table + " SET " + column + " = " + value;
      default:
        return "UPDATE OR IGNORE " + table + " SET " + column + " = " + value + " WHERE chance()";
    }
  }
  static void draw(sqlite3_context* context, int, sqlite3_value**) {
    auto* self = static_cast<AnyStore*>(sqlite3_user_data(context));
    sqlite3_result_int(context, self->below(3) == 0 ? 1 : 0);
  }
  // A run that opens the store: it goes on, or says why not.
  void open_as_a_run() {
    try {
      open_grid();
    } catch (const Error& e) {
      EXPECT_NE(e.kind(), ErrorKind::fatal) << e.what();
    }
  }
  void refused(const std::string& sql, const std::string& what) {
    write_file(file, whole);
    with({sql});
    const Error error = error_of([&] { open_for_reading(file); });
    EXPECT_EQ(error.kind(), ErrorKind::bad_input) << sql;
    EXPECT_THAT(error.what(), AllOf(HasSubstr(file.string() + ": "), HasSubstr(what))) << sql;
    EXPECT_GT(read_whole_store(file), 0) << sql;
  }

  std::string whole;
  std::mt19937 random{20250101};
};

// All but who must be told which of its two grids is meant.
TEST_F(AnyStore, StoreOfARunIsReadByAll) { EXPECT_EQ(read_whole_store(file), 1); }

TEST_F(AnyStore, ImpossibleContentsAreNamed) {
  refused("UPDATE cells SET method = 'x' WHERE cell_id = 1", "table cells: a row refers to a row of methods");
  refused("DELETE FROM attempts", "table cells: a row refers to a row of attempts");
  refused("UPDATE cells SET fold = 4294967296 WHERE cell_id = 1", "a fold, repeat or attempt above a million");
  refused("UPDATE cells SET state = 'odd'", "table cells: a state, fold or repeat that no cell has");
  refused("UPDATE cells SET biomarker = printf('%.*c', 5000000, 'y') WHERE cell_id = 1", "a name of 4 KiB");
  refused("UPDATE grids SET settings = '{'", "table grids: a number or text that no grid has");
  refused("UPDATE grids SET settings = '3'", "table grids: a number or text that no grid has");
  refused("UPDATE attempts SET started = 9e999", "table attempts: a time that is none");
  refused("UPDATE attempts SET rank = x'00'", "table attempts: non-INTEGER value");
  refused("DROP VIEW table1", "view table1 is missing or defined otherwise");
  refused(
      "DROP VIEW evaluation_cohorts; CREATE VIEW evaluation_cohorts AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
      "SELECT i FROM n) SELECT i AS grid_id, i AS biomarker, i AS cohort, i AS position, i AS label FROM n",
      "view evaluation_cohorts is missing or defined otherwise");
}

TEST_F(AnyStore, ImpossibleRowsOfTheLargeTablesAreRefusedByWhoReadsThem) {
  for (const char* sql :
       {"UPDATE predictions SET label = 7", "UPDATE predictions SET score = NULL",
        "UPDATE predictions SET target = 9e999", "UPDATE metrics SET value = -9e999",
        "UPDATE embeddings SET vector = zeroblob(4) WHERE patient = 'zoe'; "
        "INSERT INTO embeddings SELECT cell_id, attempt, cohort, 'ann', 9, zeroblob(8) FROM embeddings"}) {
    write_file(file, whole);
    with({sql});
    EXPECT_GT(read_whole_store(file), 0) << sql;
    EXPECT_NO_THROW(open_for_reading(file)) << sql;
  }
}

TEST_F(AnyStore, ForeignObjectsOfAStoreWithoutASumAreNamed) {
  with({"CREATE TRIGGER t AFTER UPDATE ON cells BEGIN DELETE FROM runs; END"});
  EXPECT_THAT(foreign_notice(file).value_or(""), HasSubstr("trigger t"));
}

TEST_F(AnyStore, AnyContentIsReadOrRefused) {
  int touched = 0;
  for (int round = 0; round < 120; ++round) {
    SCOPED_TRACE("mutant " + std::to_string(round));
    write_file(file, whole);
    std::vector<std::string> changes(1 + below(3));
    for (std::string& change : changes) change = random_change();
    with(changes);
    ASSERT_NO_THROW(touched += read_whole_store(file) > 0) << ::testing::PrintToString(changes);
    if (round % 5 == 0) open_as_a_run();
    fs::remove(store_path(file, StoreFile::sum));
  }
  EXPECT_GT(touched, 40);
}

TEST_F(AnyStore, AnyBytesAreReadOrRefused) {
  for (int round = 0; round < 120; ++round) {
    SCOPED_TRACE("mutant " + std::to_string(round));
    std::string bytes = whole;
    const std::size_t changes = 1 + below(12);
    for (std::size_t i = 0; i < changes; ++i) {
      // Every other one in the headers of pages, where SQLite's structures are.
      const std::size_t at = i % 2 == 0 ? below(bytes.size()) : below(bytes.size() / 8192) * 8192 + below(64);
      bytes[at] =
          static_cast<char>(below(3) == 0 ? random() : static_cast<unsigned char>(bytes[at]) ^ (1u << below(8)));
    }
    if (below(20) == 0) bytes.resize(below(bytes.size()));
    write_file(file, bytes);
    ASSERT_NO_THROW(read_whole_store(file));
    if (round % 5 == 0) open_as_a_run();
    for (const char* end : {".sum", "-journal", "-wal", "-shm"}) fs::remove(beside(file, end));
  }
}

}  // namespace
}  // namespace mtlgrid::testing
