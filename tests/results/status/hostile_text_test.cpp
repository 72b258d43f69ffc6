// Text that means to do harm, in every place of the store that other people fill: it comes back byte for byte, does
// nothing on the way, and is escaped in everything that is made of it.
#include <algorithm>

#include "base/text.h"
#include "results/status/query_render.h"
#include "results/status/status_render.h"
#include "results/status/status_view.h"
#include "results/status/status_why_render.h"
#include "results/tables/table_render.h"
#include "results/tables/tables.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kHostile[] = {"'); DROP TABLE cells;--",
                                "\"; DELETE FROM meta; --",
                                "a\nb\r\nc",
                                "\x1b[2J\x1b]0;owned\x07",
                                "a|b\\|c",
                                "<script>alert(1)</script>",
                                "%s%n{}{0}",
                                "$(touch x) `touch y` ; touch z",
                                "\\input{/etc/passwd} \\write18{touch x} $x$ 5% & #_^~",
                                "[x](javascript:alert(1)) **b** _i_ ~~s~~",
                                "=HYPERLINK(\"http://x\")",
                                "\xff\xfe\xc3",
                                "\u202e\u2066evil",
                                "../../../etc/passwd",
                                " leading, \"quoted\"",
                                std::string(4000, 'x')};

class HostileText : public StoreTest, public ::testing::WithParamInterface<std::string> {
 protected:
  Cell hostile_cell(int fold, const std::string& method = "naive") const {
    return {GetParam(), GetParam(), method, fold};
  }

  // Every text is hostile that the configuration, a table, a trainer or a host can fill.
  HostileText() {
    const std::string& bad = GetParam();
    Store store = open();
    GridRecord record;
    record.identity = "abc";
    record.settings = {{"file", bad}};
    for (const char* method : {"baseline", "naive"}) {
      for (int fold = 0; fold < 2; ++fold) record.cells.push_back(hostile_cell(fold, method));
    }
    record.splits.push_back({bad, bad, 0, bad, "train"});
    record.drops.push_back({bad, bad, {bad, bad, bad, bad}});
    record.cohorts = {{bad, bad, "train"}, {bad, bad + "2", "external"}};
    store.use_grid(record);
    Environment where = environment();
    where.host = where.device = where.cpu = where.version = where.libraries = where.members = bad;
    CellResult r = result(hostile_cell(0), 1);
    r.environment = where;
    for (auto& p : r.predictions) {
      p.patient = bad + p.patient;
      if (p.cohort != kTestCohort) p.cohort = bad + "2";
    }
    for (auto& m : r.metrics) {
      m.reason = m.reason.empty() ? "" : bad;
      if (m.cohort != kTestCohort) m.cohort = bad + "2";
    }
    for (auto& e : r.embeddings) {
      e.patient = bad + e.patient;
      if (e.cohort != kTestCohort) e.cohort = bad + "2";
    }
    store.begin_attempt(hostile_cell(0), 1, where, 100);
    store.commit_result(r);
    AttemptFailure failed = failure(hostile_cell(1), 1, Outcome::failed, true);
    failed.cause = failed.detail = bad;
    store.begin_attempt(hostile_cell(1), 1, where, 100);
    store.commit_failure(failed);
  }

  std::vector<std::string> texts(const std::string& sql) const {
    const Database database = open_for_reading(file);
    Statement select = database.prepare(sql);
    std::vector<std::string> all;
    while (select.step()) all.push_back(select.text(0));
    return all;
  }
};

TEST_P(HostileText, IsStoredByteForByteAndDoesNothing) {
  EXPECT_THAT(texts("SELECT count(*) FROM cells"), ElementsAre("4"));
  EXPECT_THAT(texts("SELECT DISTINCT biomarker FROM cells"), ElementsAre(GetParam()));
  EXPECT_THAT(texts("SELECT cause FROM attempts WHERE outcome = 'failed'"), ElementsAre(GetParam()));
  EXPECT_THAT(texts("SELECT slide FROM drops"), ElementsAre(GetParam()));
  EXPECT_THAT(texts("SELECT patient FROM splits"), ElementsAre(GetParam()));
  EXPECT_THAT(texts("PRAGMA integrity_check"), ElementsAre("ok"));
}

// The journal carries the same bytes: a rebuilt database equals the lost one.
TEST_P(HostileText, SurvivesARebuild) {
  const std::string before = dump(file);
  fs::remove(file);
  { open(); }
  EXPECT_EQ(dump(file), before);
}

TEST_P(HostileText, IsEscapedInWhatATerminalShows) {
  const StoreStatus status = read_status(file);
  std::string view;
  for (const std::string& line : status_view(status, GetParam(), {200, 100})) view += line + "\n";
  for (const std::string& shown : {render_status(status), view, render_history(read_history(file, hostile_cell(0))),
                                   render_history(read_history(file, hostile_cell(1))),
                                   render(query(file, "SELECT * FROM drops, failures"), QueryFormat::table)}) {
    EXPECT_EQ(shown, printable_lines(shown));
  }
}

TEST_P(HostileText, IsExactInCsvAndJson) {
  const QueryResult rows = query(file, "SELECT slide, patient FROM drops");
  std::string doubled;
  for (const char c : GetParam()) doubled.append(c == '"' ? 2 : 1, c);
  const bool quoted = GetParam().find_first_of(",\"\r\n") != std::string::npos;
  const std::string field = quoted ? "\"" + doubled + "\"" : GetParam();
  EXPECT_EQ(render(rows, QueryFormat::csv), "slide,patient\r\n" + field + "," + field + "\r\n");
  const auto json = nlohmann::json::parse(render(rows, QueryFormat::json));
  const std::string back = json.at(0).at("slide");
  const bool is_utf8 = printable(GetParam()).find("\\xff") == std::string::npos;
  EXPECT_EQ(back == GetParam(), is_utf8) << back;
}

std::size_t bars(const std::string& line) {
  std::size_t count = 0;
  bool escaped = false;
  for (const char c : line) {
    count += c == '|' && !escaped;
    escaped = c == '\\' && !escaped;
  }
  return count;
}

TEST_P(HostileText, CannotLeaveItsPlaceInATable) {
  TableOptions options;
  options.resamples = 0;
  for (const PaperTable& table : paper_tables(file, options)) {
    const std::string markdown = render(table, TableFormat::markdown), latex = render(table, TableFormat::latex);
    EXPECT_EQ(markdown, printable_lines(markdown));
    EXPECT_EQ(latex, printable_lines(latex));
    std::istringstream lines(markdown);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("| ")) {
        EXPECT_EQ(bars(line), table.columns.size() + 2) << line.substr(0, 200);
      }
      for (std::size_t at = line.find("<s"); at != std::string::npos; at = line.find("<s", at + 1)) {
        EXPECT_TRUE(at > 0 && line[at - 1] == '\\') << "no HTML";
      }
    }
    EXPECT_THAT(latex, Not(HasSubstr("\\input{/"))) << "no command of LaTeX";
    EXPECT_THAT(latex, Not(HasSubstr("\\write18{")));
    EXPECT_EQ(table.file_stem.find('/'), std::string::npos) << "the folder of tables is not left";
    EXPECT_FALSE(table.file_stem.starts_with("."));
  }
}

INSTANTIATE_TEST_SUITE_P(Strings, HostileText, ::testing::ValuesIn(kHostile),
                         [](const auto& one) { return std::to_string(one.index); });

}  // namespace
}  // namespace mtlgrid::testing
