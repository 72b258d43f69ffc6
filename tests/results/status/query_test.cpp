#include "results/status/query.h"

#include "results/status/query_render.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

using Row = std::vector<std::optional<std::string>>;

class Queries : public StoreTest {
 protected:
  Queries() { fill_with_two_results_and_a_failure(); }
  std::string first(const std::string& sql) { return query(file, sql).rows.at(0).at(0).value_or("NULL"); }
};

TEST_F(Queries, ValuesComeWithEveryDigit) {
  EXPECT_EQ(first("SELECT log_odds FROM counted_predictions WHERE patient = 'ann' LIMIT 1"), "0.03333333333333333");
  EXPECT_EQ(first("SELECT 1e-300"), "1e-300");
  EXPECT_EQ(first("SELECT NULL"), "NULL");
  EXPECT_EQ(first("SELECT vector FROM counted_embeddings LIMIT 1").substr(0, 8), "0000c03f");
}

TEST_F(Queries, WritingIsRefused) {
  const std::string before = read_file(file);
  for (const char* sql : {"DELETE FROM cells",
                          "INSERT INTO meta VALUES ('a', 1)",
                          "UPDATE cells SET state = 'pending'",
                          "DROP TABLE cells",
                          "CREATE TABLE x (a)",
                          "CREATE TEMP TABLE x (a)",
                          "ATTACH '/tmp/x.db' AS x",
                          "VACUUM",
                          "VACUUM INTO '/tmp/x.db'",
                          "PRAGMA query_only = OFF",
                          "PRAGMA journal_mode = DELETE",
                          "PRAGMA writable_schema = ON",
                          "BEGIN",
                          "REINDEX",
                          "SELECT load_extension('x')",
                          "WITH x AS (SELECT 1) DELETE FROM cells",
                          "EXPLAIN DELETE FROM cells",
                          "ATTACH ':memory:' AS x",
                          "ATTACH 'file:x.db?mode=rwc' AS x",
                          "DETACH main",
                          "INSERT INTO sqlite_schema VALUES (1, 2, 3, 4, 5)",
                          "REPLACE INTO meta VALUES ('a', 1)",
                          "CREATE VIEW x AS SELECT 1",
                          "CREATE VIRTUAL TABLE x USING fts5(a)",
                          "CREATE TRIGGER x AFTER INSERT ON cells BEGIN SELECT 1; END",
                          "ALTER TABLE cells ADD COLUMN x",
                          "ANALYZE",
                          "PRAGMA temp_store_directory = '/'",
                          "PRAGMA trusted_schema = ON",
                          "PRAGMA schema_version = 7",
                          "PRAGMA user_version = 7",
                          "PRAGMA wal_checkpoint",
                          "PRAGMA optimize",
                          "SAVEPOINT x",
                          "COMMIT",
                          "SELECT fts3_tokenizer('x', x'00')",
                          "SELECT writefile('x', 'y')",
                          "SELECT readfile('/etc/passwd')",
                          "SELECT edit('x')",
                          "INSERT INTO cells SELECT * FROM cells",
                          "DELETE FROM sqlite_schema",
                          "DROP VIEW table1"}) {
    EXPECT_THROW(query(file, sql), InputError) << sql;
  }
  EXPECT_EQ(read_file(file), before);
}

TEST_F(Queries, RefusedStatementsLeaveNoFile) {
  const fs::path target = folder / "made.db";
  for (const std::string& sql : {"ATTACH '" + target.string() + "' AS x", "VACUUM INTO '" + target.string() + "'"}) {
    EXPECT_THROW(query(file, sql), InputError) << sql;
  }
  EXPECT_FALSE(fs::exists(target));
}

TEST_F(Queries, ViewsAreReadUnderTheSameRestrictions) {
  Database(file, Database::Mode::read_write)
      .execute("CREATE VIEW \"odd \"\" name\" AS SELECT grid_id, load_extension('x') AS y FROM grids");
  fs::remove(beside(file, ".sum"));  // a foreign store has none
  EXPECT_THAT(error_of([&] { rows_of_view(file, "odd \" name", 1); }).what(), HasSubstr("load_extension"));
  EXPECT_THAT(error_of([&] { rows_of_view(file, "failures\" --", 1); }).what(), HasSubstr("not found"));
  EXPECT_THAT(error_of([&] { rows_of_view(file, "cells", 1); }).what(), HasSubstr("not found"));
  EXPECT_THAT(rows_of_view(file, "failures", 1).rows, SizeIs(1));
  EXPECT_THAT(rows_of_view(file, "failures", 2).rows, IsEmpty());
}

TEST_F(Queries, ReadersTrustNothingInAForeignSchema) {
  Database reading = open_for_reading(file);
  EXPECT_EQ(reading.integer("PRAGMA trusted_schema"), 0);
  EXPECT_THROW(reading.execute("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema"), SqliteError);
  EXPECT_THROW(reading.execute("DELETE FROM cells"), SqliteError);
}

TEST_F(Queries, TellingPragmasWork) { EXPECT_THAT(query(file, "PRAGMA table_info(cells)").rows, SizeIs(9)); }

TEST_F(Queries, OneStatementAtATime) {
  EXPECT_THAT(error_of([&] { query(file, "SELECT 1; SELECT 2"); }).what(), HasSubstr("only one SQL statement"));
  EXPECT_THAT(error_of([&] { query(file, " -- nothing"); }).what(), HasSubstr("statement is empty"));
  EXPECT_EQ(first("SELECT 1; -- and a comment"), "1");
}

TEST_F(Queries, MistakesAreToldInSqlitesWords) {
  EXPECT_THAT(error_of([&] { query(file, "SELECT colour FROM cells"); }).what(), HasSubstr("no such column: colour"));
}

TEST_F(Queries, EveryViewHasHelpAndCanBeRead) {
  std::vector<std::string> named;
  for (const auto& [view, help] : views(file)) {
    named.push_back(view);
    EXPECT_NO_THROW(query(file, "SELECT * FROM " + view)) << view;
    EXPECT_FALSE(help.empty()) << view;
  }
  const QueryResult all = query(file, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name");
  ASSERT_EQ(all.rows.size(), named.size());
  for (std::size_t i = 0; i < named.size(); ++i) EXPECT_EQ(all.rows[i][0], named[i]);
}

TEST_F(Queries, Table1AveragesFoldsThenAuxiliariesAndCountsCells) {
  const QueryResult rows = query(file,
                                 "SELECT cohort_label, auxiliary, value, have, want FROM table1 WHERE method = 'naive' "
                                 "AND metric = 'auroc' AND cohort = 'test' ORDER BY auxiliary");
  EXPECT_THAT(rows.rows,
              ElementsAre(Row{"TCGA-CRC", "LF", "68.75", "2", "3"}, Row{"TCGA-CRC", "mean", "68.75", "2", "3"}));
}

TEST_F(Queries, MeanIsOverAuxiliariesNotOverCells) {
  {
    Store store = open();
    GridRecord two = grid();
    const Cell other = {"MSI", "ITH", "naive", 0};
    two.cells.push_back(other);
    store.use_grid(two);
    store.commit_result(result(other, 1, 0.0));
  }
  // LF: (0.75 + 0.625) / 2, ITH: 0.5; their mean is not that of three cells.
  EXPECT_EQ(first("SELECT value FROM table1 WHERE method = 'naive' AND metric = 'auroc' AND cohort = 'test' "
                  "AND auxiliary = 'mean'"),
            "59.375");
}

TEST_F(Queries, TablesListCohortsThatHaveNoResultYet) {
  EXPECT_EQ(first("SELECT count(*) FROM table1 WHERE method = 'baseline' AND cohort = 'CPTAC-CRC' AND value IS NULL "
                  "AND have = 0 AND want = 3"),
            "4");
}

TEST_F(Queries, SilhouetteIsOfExternalCohortsAlone) {
  EXPECT_EQ(first("SELECT group_concat(DISTINCT cohort) FROM table2"), "CPTAC-CRC");
}

TEST_F(Queries, ReplacedResultsLeaveTheViews) {
  {
    Store store = open_grid();
    store.commit_result(result(cell(0), 2, 0.0), true);
  }
  EXPECT_EQ(first("SELECT value FROM counted_metrics WHERE method = 'naive' AND fold = 0 AND metric = 'auroc' "
                  "AND cohort = 'test'"),
            "0.5");
}

TEST_F(Queries, FailuresTellTheCause) {
  EXPECT_THAT(query(file, "SELECT cell, outcome, cause FROM failures").rows,
              ElementsAre(Row{"MSI/LF/naive/2", "failed", "signal 9"}));
}

TEST_F(Queries, AttemptsNameTheirLogs) {
  EXPECT_THAT(query(file, "SELECT cell, attempt, log FROM failures").rows,
              ElementsAre(Row{"MSI/LF/naive/2", "1", "grid-1/MSI/LF/naive/2/attempt-1/log"}));
  EXPECT_THAT(query(file, "SELECT cell, outcome, counts, epochs, seconds, log FROM attempt_summary").rows,
              ElementsAre(Row{"MSI/LF/naive/0", "done", "yes", "2", "59.75", "grid-1/MSI/LF/naive/0/attempt-1/log"},
                          Row{"MSI/LF/naive/1", "done", "yes", "2", "59.75", "grid-1/MSI/LF/naive/1/attempt-1/log"},
                          Row{"MSI/LF/naive/2", "failed", "no", "0", "70", "grid-1/MSI/LF/naive/2/attempt-1/log"}));
}

TEST(Render, TableIsAligned) {
  const QueryResult result = {{"method", "auroc"}, {{"naïve", "86.4"}, {"dwa", std::nullopt}, {"x", "101.25"}}};
  EXPECT_EQ(render(result, QueryFormat::table),
            "method   auroc\n"
            "------  ------\n"
            "naïve     86.4\n"
            "dwa          -\n"
            "x       101.25\n");
}

TEST(Render, HostileTextCannotActOnTheTerminal) {
  const QueryResult result = {{"a"},
                              {{"\x1b[2J\n\t\x7f\xc2\x9b\xff\xe2\x80\xae"
                                "end"}}};
  EXPECT_EQ(render(result, QueryFormat::table),
            "a\n--------------------------------\n"
            "\\x1b[2J\\n\\t\\x7f\\x9b\\xff\\u202eend\n");
}

TEST(Render, CsvFollowsRfc4180) {
  const QueryResult result = {{"a", "b"}, {{"x,y", "say \"hi\"\nthere"}, {std::nullopt, ""}, {"1", " 2"}}};
  EXPECT_EQ(render(result, QueryFormat::csv), "a,b\r\n\"x,y\",\"say \"\"hi\"\"\nthere\"\r\n,\"\"\r\n1, 2\r\n");
}

TEST(Render, JsonKeepsNumbersTextsAndNulls) {
  const QueryResult result = {
      {"n", "t", "n"}, {{"0.1", "007", std::nullopt}, {"2", "\x01\xff", "x"}}, {{true, false}, {true}}};
  const auto json = nlohmann::json::parse(render(result, QueryFormat::json));
  EXPECT_EQ(json[0]["n"], 0.1);
  EXPECT_EQ(json[0]["t"], "007");
  EXPECT_TRUE(json[0]["n_2"].is_null());
  EXPECT_EQ(json[1]["n_2"], "x");
}

TEST(Render, NoRowsAreAnEmptyJsonList) { EXPECT_EQ(render({{"a"}, {}}, QueryFormat::json), "[]\n"); }

}  // namespace
}  // namespace mtlgrid::testing
