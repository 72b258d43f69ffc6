#include "results/query.h"

#include "results/status.h"
#include "store_fixture.h"

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
  Queries() {
    Store store = open_grid();
    store.begin_attempt(cell(0), 1, environment(), 100);
    store.commit_result(result(cell(0)));
    store.commit_result(result(cell(1), 1, 0.125));
    store.begin_attempt(cell(2), 1, environment(), 100);
    store.commit_failure(failure(cell(2), 1, Outcome::failed, true));
  }
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
  for (const char* sql :
       {"DELETE FROM cells", "INSERT INTO meta VALUES ('a', 1)", "UPDATE cells SET state = 'pending'",
        "DROP TABLE cells", "CREATE TABLE x (a)", "CREATE TEMP TABLE x (a)", "ATTACH '/tmp/x.db' AS x", "VACUUM",
        "VACUUM INTO '/tmp/x.db'", "PRAGMA query_only = OFF", "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = ON", "BEGIN", "REINDEX", "SELECT load_extension('x')",
        "WITH x AS (SELECT 1) DELETE FROM cells", "EXPLAIN DELETE FROM cells"}) {
    EXPECT_THROW(query(file, sql), InputError) << sql;
  }
  EXPECT_EQ(read_file(file), before);
}

TEST_F(Queries, TellingPragmasWork) { EXPECT_THAT(query(file, "PRAGMA table_info(cells)").rows, SizeIs(8)); }

TEST_F(Queries, OneStatementAtATime) {
  EXPECT_THAT(error_of([&] { query(file, "SELECT 1; SELECT 2"); }).what(), HasSubstr("one statement"));
  EXPECT_THAT(error_of([&] { query(file, " -- nothing"); }).what(), HasSubstr("no statement"));
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

TEST_F(Queries, StatusCountsCellsByStateMethodAndFold) {
  const StoreStatus status = read_status(file);
  EXPECT_EQ(status.cells.done, 2);
  EXPECT_EQ(status.cells.failed, 1);
  EXPECT_EQ(status.cells.pending, 3);
  EXPECT_THAT(status.methods, ElementsAre("baseline", "naive"));
  EXPECT_EQ(status.matrix[1][2].failed, 1);
  EXPECT_EQ(status.matrix[0][2].pending, 1);
  ASSERT_THAT(status.failures, SizeIs(1));
  EXPECT_EQ(status.failures[0].cause, "signal 9");
  EXPECT_THAT(status.holder, IsEmpty());
  EXPECT_TRUE(std::isnan(status.eta_seconds));
}

TEST_F(Queries, StatusOfALiveRunHasAnEta) {
  platform.host_name = Platform::real().host();
  platform.machine_name = Platform::real().machine();
  Store store = open_grid();
  CellResult r = result(cell(0, "baseline"));
  r.ended = platform.clock + 60;
  store.commit_result(r);
  const StoreStatus status = read_status(file);
  EXPECT_THAT(status.holder, HasSubstr("pid"));
  EXPECT_DOUBLE_EQ(status.cells_per_hour, 60);
  EXPECT_DOUBLE_EQ(status.eta_seconds, 120);
  EXPECT_THAT(render_status(status), HasSubstr("about 2 min 0 s to go"));
}

TEST_F(Queries, StatusTextShowsMatrixAndFailures) {
  const std::string text = render_status(read_status(file));
  EXPECT_THAT(text, HasSubstr("2 of 6 cells done, 3 pending, 1 failed"));
  EXPECT_THAT(text, HasSubstr("0/1 1f"));
  EXPECT_THAT(text, HasSubstr("MSI/LF/naive/2"));
}

TEST_F(Queries, UnknownGridIsNamedWithTheKnown) {
  EXPECT_THAT(error_of([&] { read_status(file, 7); }).what(), HasSubstr("no grid 7; there is 1"));
}

TEST_F(Queries, WhyTellsEveryAttempt) {
  const QueryResult attempts = why(file, cell(2));
  ASSERT_THAT(attempts.rows, SizeIs(1));
  EXPECT_THAT(render(attempts, QueryFormat::table), HasSubstr("log tail"));
  EXPECT_THROW(why(file, cell(9)), InputError);
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
