// What docs/security.md promises of the program as a whole, apart from runs (tests/end_to_end/test_security.py).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <regex>

#include "results/store/store.h"
#include "tests/orchestrator/commands/program.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::run_program;
using testing::SmallGrid;

// This process's umask, which the programs that it starts get, for as long as it lives.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(umask(mask)) {}
  ~Umask() { umask(before_); }

 private:
  mode_t before_;
};

// Files and folders below `folder` with permissions that `mask` takes away.
std::vector<std::string> wider_than(const fs::path& folder, mode_t mask) {
  std::vector<std::string> wide;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat status = {};
    if (entry.is_symlink() || ::stat(entry.path().c_str(), &status) != 0) continue;
    if ((status.st_mode & mask) != 0) wide.push_back(entry.path());
  }
  return wide;
}

// Every source of the program itself: {path, text}.
std::vector<std::pair<std::string, std::string>> sources() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const char* folder : {"base", "balancers", "datasets", "results", "trainer", "cluster", "orchestrator"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(MTLGRID_SOURCE) / folder)) {
      const std::string extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".h" && extension != ".cu") continue;
      std::ifstream stream(entry.path(), std::ios::binary);
      all.emplace_back(fs::relative(entry.path(), MTLGRID_SOURCE).string(),
                       std::string(std::istreambuf_iterator<char>(stream), {}));
    }
  }
  return all;
}

// "file: line" of every line of the program that matches.
std::vector<std::string> lines_with(const std::regex& pattern) {
  std::vector<std::string> found;
  for (const auto& [file, text] : sources()) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (std::regex_search(line, pattern)) found.push_back(file + ": " + line);
    }
  }
  return found;
}

TEST(Security, FilesFollowTheUmask) {
  for (const mode_t mask : {mode_t{077}, mode_t{027}}) {
    const Umask set(mask);
    const testing::Scratch scratch;
    ASSERT_EQ(run_program({"mtlgrid", "synth", scratch.path() / "s"}).status, 0);
    const fs::path file = scratch.path() / "made/grid.db";
    {
      Store store = Store::open(file, [](const std::string&) {}, 25);
      GridRecord grid;
      grid.identity = "abc";
      grid.settings = {{"seed", 1}};
      grid.cells = {{"MSI", "LF", "naive", 0}};
      store.use_grid(grid);
      store.publish_snapshot();
      store.write_done(0, {});
      EXPECT_THAT(wider_than(scratch.path(), mask), IsEmpty()) << "while a run goes on";
    }
    ASSERT_EQ(
        run_program({"mtlgrid", "tables", file, "--out", scratch.path() / "t", "--format", "md,latex,csv"}).status, 0);
    EXPECT_THAT(wider_than(scratch.path(), mask), IsEmpty());
  }
}

// Whoever changes permissions or the umask goes around what the user has set. A file that --out replaces keeps its own.
TEST(Security, NothingSetsPermissions) {
  EXPECT_THAT(
      lines_with(std::regex("\\b(f?chmod(at)?|umask|fs::permissions|filesystem::permissions)\\s*\\(")),
      ElementsAre(HasSubstr("base/output_file.cpp:   if (::stat(path_.c_str(), &before) == 0) (void)::fchmod(")));
}

TEST(Security, NothingListens) {
  EXPECT_THAT(
      lines_with(std::regex("(::|[^.>\\w])(socket|listen|accept4?|bind)\\s*\\(\\s*[^)]*(AF_|PF_|SOCK_|fd|socket)")),
      IsEmpty());
  EXPECT_THAT(lines_with(std::regex("#include <(sys/socket|netinet/in|arpa/inet|sys/un)\\.h>")), IsEmpty());
}

// One shell, whose whole command is a constant.
TEST(Security, NoShellIsBuiltFromValues) {
  EXPECT_THAT(lines_with(std::regex("(\\b(system|popen|wordexp|execlp?e?|execvpe?)\\s*\\(|\"sh\"|/bin/sh|sh -c)")),
              ElementsAre(HasSubstr(
                  "cluster/gpus.cpp:   FILE* pipe = ::popen(\"timeout -k 5 30 nvidia-smi -L 2>&1\", \"re\");")));
}

// A value inside SQL's text: whatever is put together there must be a constant of the program.
TEST(Security, SqlIsPutTogetherOfConstantsAlone) {
  const std::vector<std::string> known = {
      "execute(std::string(kPageSize) + ",               // a constant
      "prepare(std::string(\"SELECT a.\") + column",     // of a list of constants
      "prepare(\"SELECT * FROM main.\\\"\" + table + ",  // of the program's own schema
      "\"SELECT * FROM \" + quoted_identifier(view)"};   // a name cannot be bound
  // The columns of a cell and the condition on it (results/store/cell_columns.h), and nothing else.
  const std::regex cell_constants("\\+ (kCellColumns|kIsCell)\\b"), joined("\\+ *[A-Za-z_]");
  std::size_t found = 0;
  for (const std::string& line : lines_with(std::regex(
           "((prepare|execute)\\(.*(\\+|fmt::format)|\"(SELECT|INSERT|UPDATE|DELETE|PRAGMA) [^\"]*\" *\\+)"))) {
    const std::string others = std::regex_replace(line, cell_constants, "");
    if (others != line && !std::regex_search(others, joined)) continue;
    const bool is_known =
        std::any_of(known.begin(), known.end(), [&](const auto& k) { return line.find(k) != std::string::npos; });
    EXPECT_TRUE(is_known) << line;
    ++found;
  }
  EXPECT_EQ(found, known.size()) << "the pattern finds what there is";
}

TEST(Security, QueryNeitherWritesNorAttaches) {
  const testing::Scratch scratch;
  const std::string file = scratch.path() / "grid.db", made = scratch.path() / "made.db";
  {
    Store::open(file, [](const std::string&) {}, 25);
  }
  std::ifstream before_stream(file, std::ios::binary);
  const std::string before{std::istreambuf_iterator<char>(before_stream), {}};
  for (const std::string& sql :
       {"ATTACH '" + made + "' AS x", "VACUUM INTO '" + made + "'", std::string("DELETE FROM runs"),
        std::string("PRAGMA writable_schema = ON"), std::string("SELECT load_extension('x')"),
        std::string("INSERT INTO meta VALUES ('a', 1)"), std::string("SELECT 1; DELETE FROM runs")}) {
    const auto result = run_program({"mtlgrid", "query", file, sql});
    EXPECT_EQ(result.status, 2) << sql;
    EXPECT_EQ(result.out, "") << sql;
  }
  std::ifstream after_stream(file, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(after_stream), {}), before);
  EXPECT_FALSE(fs::exists(made));
  fs::permissions(file, fs::perms::owner_read);
  EXPECT_EQ(run_program({"mtlgrid", "query", file, "SELECT count(*) FROM runs"}).status, 0)
      << "of a file that is read-only";
}

TEST(Security, MessagesAreEscaped) {
  const auto result = run_program({"mtlgrid", "status", "no\x1b[2Jsuch\xe2\x80\xae.db"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("no\\x1b[2Jsuch\\u202e.db"));
  EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));
  const SmallGrid grid;
  grid.replace("A/clini.csv", "A03,neg,", "A03,ne\x1b[31mg,");
  const auto plan = run_program({"mtlgrid", "plan", grid.path("c.ini")});
  EXPECT_EQ(plan.status, 2);
  EXPECT_THAT(plan.err, HasSubstr("ne\\x1b[31mg"));
}

TEST(Security, PlanIsEscaped) {
  const SmallGrid grid;
  grid.replace("A/slide.csv", "A05,A05.h5\n", "A05,A05.h5\nA05,lo\x1b[2Jst.h5\n");
  for (const auto& [cohort, patients] : {std::pair("A", 20), std::pair("B", 6)}) {
    for (int i = 0; i < patients; ++i) {
      grid.features(fmt::format("{0}/feats/{0}{1:02}.h5", cohort, i), 2, 4, 0x3c00, "tool\x1b[2J");
    }
  }
  const auto result = run_program({"mtlgrid", "plan", "--drops", grid.path("c.ini")});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(result.out, HasSubstr("lo\\x1b[2Jst.h5"));
  EXPECT_THAT(result.out, HasSubstr("tool\\x1b[2J"));
}

// Names of cells become folders: none may lead out of the store's.
TEST(Security, NamesThatLeaveTheirFolderAreRefused) {
  for (const char* name : {"..", ".", "a/b", "../x"}) {
    const SmallGrid grid;
    grid.replace("c.ini", "auxiliaries = LF", std::string("auxiliaries = ") + name + ": LF");
    const auto result = run_program({"mtlgrid", "plan", grid.path("c.ini")});
    EXPECT_EQ(result.status, 2) << name;
    EXPECT_THAT(result.err, HasSubstr("name")) << name;
  }
}

TEST(Security, PageNamesTestsThatExist) {
  std::ifstream stream(fs::path(MTLGRID_SOURCE) / "docs/security.md");
  const std::string page{std::istreambuf_iterator<char>(stream), {}};
  std::string tests;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(MTLGRID_SOURCE) / "tests")) {
    const std::string extension = entry.path().extension();
    if (extension != ".cpp" && extension != ".py") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    tests.append(std::istreambuf_iterator<char>(file), {});
  }
  const std::regex name("`([A-Za-z]+\\.[A-Z][A-Za-z0-9]+|test_[a-z_]+)`");
  int named = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), name), end; it != end; ++it, ++named) {
    const std::string test = (*it)[1];
    const auto dot = test.find('.');
    const std::string declared =
        dot == std::string::npos ? "def " + test + "(" : test.substr(0, dot) + ", " + test.substr(dot + 1) + ")";
    EXPECT_NE(tests.find(declared), std::string::npos) << test;
  }
  EXPECT_GT(named, 15);
}

}  // namespace
}  // namespace mtlgrid
