// The program as a user meets it: help, usage errors, plan and synth, and the pages that describe them.
#include <gmock/gmock.h>

#include <regex>
#include <sstream>

#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/commands.h"
#include "orchestrator/config/config.h"
#include "tests/orchestrator/commands/program.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::run_program;
using testing::SmallGrid;
using ::testing::UnorderedElementsAreArray;

std::string file_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
std::string document(const std::string& name) {
  return file_text(std::filesystem::path(MTLGRID_SOURCE) / "docs" / name);
}

TEST(Program, HelpNamesEveryCommandWithAnExample) {
  const auto result = run_program({"mtlgrid", "--help"});
  EXPECT_EQ(result.status, 0);
  for (const Command& command : commands()) {
    EXPECT_THAT(result.out, HasSubstr(command.summary));
    EXPECT_THAT(result.out, HasSubstr(command.example));
    EXPECT_THAT(command.example, HasSubstr("mtlgrid " + command.name + " "));
  }
}

TEST(Program, VersionNamesTheCommitAndTheLibraries) {
  const auto result = run_program({"mtlgrid", "--version"});
  EXPECT_EQ(result.status, 0);
  const std::regex first("mtlgrid " MTLGRID_VERSION
                         R"( \(commit ([0-9a-f]{12}(, with changes)?|unknown: built without git)\)\n)");
  EXPECT_TRUE(std::regex_search(result.out, first, std::regex_constants::match_continuous)) << result.out;
  for (const char* library : {"HDF5 1.", "SQLite 3.", "Boost 1.", "xxHash 0."}) {
    EXPECT_THAT(result.out, HasSubstr(library));
  }
}

TEST(Program, BadUsageIsStatus2OnStderrAlone) {
  const std::pair<std::vector<std::string>, std::string> usages[] = {
      {{}, "mtlgrid: a command is missing"},
      {{"paln"}, "mtlgrid: unknown command 'paln'; did you mean 'plan'?"},
      {{"plan"}, "mtlgrid: plan: CONFIG is missing"},
      {{"plan", "a", "b"}, "mtlgrid: plan: too many arguments, expected at most 1"},
      {{"plan", "a", "--drop"}, "unrecognised option '--drop'"},
      {{"synth", "a", "--patients", "many"}, "the argument ('many') for option '--patients' is invalid"},
      {{"synth", "a", "--patients", "0"}, "mtlgrid: synth: --patients 0: expected a number from 1 to 1000000"},
      {{"predict", "s", "A/B/naive/0"}, "mtlgrid: predict: --slides is missing"},
      {{"predict", "s", "A/B/naive/0"}, "mtlgrid: predict: --features is missing"},
      {{"predict", "s", "A/B/naive/0", "--slides", "s.csv", "--features", "f", "--missing", "a,,\"b"},
       "mtlgrid: predict: --missing a,,\"b: expected values separated by commas"},
      {{"export", "s", "MSI"}, "mtlgrid: export: --out PATH is missing"},
      {{"export", "s", "MSI", "--out", "o"}, "'MSI' is not a cell"},
      {{"tables", "s", "--format", "pdf"}, "--format: unknown 'pdf'"},
      {{"tables", "s", "--ci", "boot"}, "--ci: 'boot' is none of widest, patients, patients+repeats, folds"},
      {{"query", "s", "SELECT 1", "--view", "table1"}, "either SQL or --view"},
      {{"status", "s", "--watch", "0"}, "--watch 0: expected a number from 1 to 86400"},
      {{"status", "s", "--watch", "--why", "A/B/naive/0"}, "either --why or --watch"},
  };
  for (const auto& [arguments, expected] : usages) {
    std::vector<std::string> words = {"mtlgrid"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const auto result = run_program(words);
    EXPECT_EQ(result.status, 2) << expected;
    EXPECT_EQ(result.out, "") << expected;
    EXPECT_THAT(result.err, HasSubstr(expected));
  }
}

TEST(Program, AbsentStoresAreBadInput) {
  const testing::Scratch scratch;
  const std::string store = scratch.path() / "none.db";
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"mtlgrid", "status", store},
        {"mtlgrid", "query", store},
        {"mtlgrid", "tables", store},
        {"mtlgrid", "predict", store, "A/B/naive/0", "--slides", "s.csv", "--features", "f"},
        {"mtlgrid", "export", store, "A/B/naive/0", "--out", scratch.path() / "o.pt"}}) {
    const auto result = run_program(words);
    EXPECT_EQ(result.status, 2) << words[1];
    EXPECT_THAT(result.err, HasSubstr("none.db")) << words[1];
  }
  EXPECT_THAT(scratch.listing(), IsEmpty());
}

// A program that links torch takes seconds to start and cannot be built on a laptop.
TEST(Program, LinksNoTorch) {
  const std::string binary = file_text(std::filesystem::path(MTLGRID_BUILD) / "mtlgrid");
  ASSERT_THAT(binary, Not(IsEmpty()));
  for (const char* library : {"libtorch.so", "libtorch_cpu.so", "libc10.so", "libcudart.so"}) {
    EXPECT_EQ(binary.find(library), std::string::npos) << library;
  }
  EXPECT_NE(binary.find("libsqlite3.so"), std::string::npos) << "the names of needed libraries are in the file";
}

TEST(Plan, OfGoodInputSaysWhatARunWouldBeAndWritesNothing) {
  const SmallGrid grid;
  const auto before = grid.scratch().listing();
  const auto result = run_program({"mtlgrid", "plan", grid.path("c.ini")});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  for (const char* part : {"1 pair x 17 methods x 5 folds = 85 cells", "Dropped: nothing", "Disk space",
                           "a guess: no cell in this store was measured on cpu yet", "#SBATCH --signal=B:USR1@"}) {
    EXPECT_THAT(result.out, HasSubstr(part));
  }
  EXPECT_THAT(result.out, ::testing::ContainsRegex("MSI/LF +A +train +20 +10 +20 +20 +40"));
  EXPECT_THAT(result.out, ::testing::ContainsRegex("MSI/LF +B +external +6 +3 +6 +6 +12"));
  EXPECT_EQ(grid.scratch().listing(), before);
}

TEST(Plan, CountsDropsAndNamesThemOnRequest) {
  const SmallGrid grid;
  grid.replace("A/clini.csv", "A03,neg,3.5", "A03,neg,");
  grid.replace("A/slide.csv", "A05,A05.h5\n", "A05,A05.h5\nA05,lost.h5\n");
  const auto counted = run_program({"mtlgrid", "plan", grid.path("c.ini")});
  EXPECT_THAT(counted.out, ::testing::ContainsRegex("A +MSI/LF +patients +1 +no value in 'LF'"));
  EXPECT_THAT(counted.out, ::testing::ContainsRegex("A +\\(all\\) +slides +1 +no feature file"));
  const auto named = run_program({"mtlgrid", "plan", "--drops", grid.path("c.ini")});
  EXPECT_THAT(named.out, ::testing::ContainsRegex("A +\\(all\\) +A05 +lost.h5 +no feature file"));
}

TEST(Plan, OfSyntheticCohortsIsThePapersGrid) {
  const testing::Scratch scratch;
  const auto synth = run_program({"mtlgrid", "synth", scratch.path() / "s"});
  ASSERT_EQ(synth.status, 0) << synth.err;
  EXPECT_EQ(synth.out, (scratch.path() / "s/grid.ini").string() + "\n");
  const auto before = scratch.listing();
  const auto result = run_program({"mtlgrid", "plan", scratch.path() / "s/grid.ini"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("7 pairs x 17 methods x 5 folds = 595 cells"));
  EXPECT_THAT(result.out, ::testing::ContainsRegex("TCGA-CRC +MSI .5 pairs. +patients +[0-9]+ +no label in 'isMSIH'"))
      << "one row for the pairs of a biomarker";
  EXPECT_THAT(result.out, ::testing::ContainsRegex("TCGA-CRC +MSI/LF +patients +[0-9]+ +no value in 'LF'"));
  EXPECT_EQ(scratch.listing(), before);
  EXPECT_EQ(run_program({"mtlgrid", "synth", scratch.path() / "s"}).status, 2) << "never over something";
}

TEST(Plan, OfTheVirtualCohortsIsThePapersGrid) {
  const auto file = std::filesystem::path(MTLGRID_SOURCE) / "../shared/data/virtual/grid.ini";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no virtual cohorts at " << file;
  const testing::Scratch scratch;
  std::string text = file_text(file);
  for (const char* cohort : {"VTCGA/", "VCPTAC/"}) {
    const std::string absolute = std::filesystem::canonical(file).parent_path() / cohort;
    text = std::regex_replace(text, std::regex(std::string("= ") + cohort), "= " + absolute);
  }
  const auto result = run_program({"mtlgrid", "plan", scratch.write("grid.ini", text)});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("595 cells"));
  EXPECT_THAT(result.out, HasSubstr("6,216,963 weights"));
}

// The section of a page whose heading begins so; fails the test if the page does not have it.
std::string section_of(const std::string& page, const std::string& heading) {
  const auto begin = page.find("\n## " + heading);
  EXPECT_NE(begin, std::string::npos) << heading;
  return begin == std::string::npos ? "" : page.substr(begin, page.find("\n## ", begin + 1) - begin);
}

// What `pattern` finds in the first column of a section's tables, in order.
std::vector<std::string> in_first_column(const std::string& section, const std::regex& pattern) {
  std::vector<std::string> found;
  const std::regex row("\n\\| ([^|]*)\\|");
  for (std::sregex_iterator it(section.begin(), section.end(), row), end; it != end; ++it) {
    const std::string cell = (*it)[1];
    for (std::sregex_iterator k(cell.begin(), cell.end(), pattern); k != end; ++k) found.push_back((*k)[1]);
  }
  return found;
}

TEST(Documents, DescribeEveryCommandAndNoOther) {
  const std::string page = document("command-line.md");
  std::vector<std::string> described, known;
  const std::regex heading("\n## ([a-z]+) [A-Z]");
  for (std::sregex_iterator it(page.begin(), page.end(), heading), end; it != end; ++it) described.push_back((*it)[1]);
  for (const Command& command : commands()) known.push_back(command.name);
  EXPECT_THAT(described, UnorderedElementsAreArray(known));
}

TEST(Documents, DescribeEveryOptionAndNoOther) {
  const std::string page = document("command-line.md");
  const std::regex option("`--([a-z-]+)");
  for (const Command& command : commands()) {
    const std::string section = section_of(page, command.name + " ");
    EXPECT_THAT(in_first_column(section, option), UnorderedElementsAreArray(CommandOptions(command).option_names()))
        << command.name;
  }
}

TEST(Documents, ExampleConfigurationsAreRead) {
  const std::string page = document("configuration.md");
  const auto begin = page.find("```ini\n") + 7;
  const testing::Scratch scratch;
  const Config shown = load_config(scratch.write("shown.ini", page.substr(begin, page.find("```", begin) - begin)));
  EXPECT_EQ(shown.biomarkers.at(0).auxiliaries.at(1).column, "Leukocyte Fraction");
  const Config paper = load_config(std::filesystem::path(MTLGRID_SOURCE) / "examples/paper.ini");
  EXPECT_EQ(paper.biomarkers.size(), 2U);
  EXPECT_EQ(paper.biomarkers[0].auxiliaries.size() + paper.biomarkers[1].auxiliaries.size(), 7U);
  EXPECT_EQ(nlohmann::json(paper.train), nlohmann::json(TrainSettings{})) << "the example shows the defaults";
  EXPECT_EQ(nlohmann::json(paper.model), nlohmann::json(ModelSettings{}));
}

// The keys of every section stand in backquotes in that section's table, and no others do.
TEST(Documents, DescribeEveryKey) {
  const std::string page = document("configuration.md");
  for (const char* kind :
       {"grid", "protocol", "cohort.NAME", "biomarker.NAME", "model", "train", "bootstrap", "cluster"}) {
    std::string text = std::string("[") + kind + "]\n";
    const std::string section = section_of(page, text.substr(0, text.size() - 1));
    for (const std::string& name : in_first_column(section, std::regex("`([a-z_]+)`"))) text += name + " = 1\n";
    const testing::Scratch scratch;
    try {
      load_config(scratch.write("keys.ini", text + "no_such_key = 1\n"));
      FAIL() << kind;
    } catch (const InputError& e) {
      const std::string said = e.what();
      EXPECT_THAT(said, HasSubstr("unknown key 'no_such_key'; known: ")) << kind;
      EXPECT_EQ(said.find("unknown key"), said.rfind("unknown key")) << "a key that does not exist:\n" << said;
      const auto known = said.find("'no_such_key'; known: ") + 22;
      std::istringstream list(said.substr(known, said.find('\n', known) - known));
      for (std::string name; std::getline(list >> std::ws, name, ',');) {
        EXPECT_THAT(text, HasSubstr("\n" + name + " = ")) << "not described in [" << kind << "]";
      }
    }
  }
}

}  // namespace
}  // namespace mtlgrid
