// Bad input of every kind, through every command that reads a configuration: exit 2, a line that names file and row,
// nothing on stdout, nothing written.
#include <gmock/gmock.h>

#include <cstdlib>
#include <functional>
#include <sstream>
#include <tuple>

#include "tests/orchestrator/commands/program.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;
using testing::SmallGrid;
using ::testing::StartsWith;

using Damage = std::function<void(const SmallGrid&)>;
struct Bad {
  const char* name;
  std::string expected;  // part of a line on stderr; paths without the scratch folder
  Damage damage;
};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

Damage replaced(const std::string& file, const std::string& from, const std::string& to) {
  return [=](const SmallGrid& grid) { grid.replace(file, from, to); };
}
Damage written(const std::string& file, const std::string& content) {
  return [=](const SmallGrid& grid) { grid.scratch().write(file, content); };
}
Damage removed(const std::string& file) {
  return [=](const SmallGrid& grid) { std::filesystem::remove_all(grid.path(file)); };
}
Damage fixture(const std::string& file, const std::string& name) {
  return [=](const SmallGrid& grid) { grid.fixture(file, name); };
}

// CONFIG stands for the configuration's path.
using Words = std::vector<std::string>;
const std::vector<Words> kCommands = {
    {"mtlgrid", "plan", "CONFIG"}, {"mtlgrid", "run", "CONFIG"}, {"mtlgrid", "cell", "CONFIG", "MSI/LF/naive/0"}};

class BadInput : public ::testing::TestWithParam<std::tuple<Words, Bad>> {};

TEST_P(BadInput, IsSaidBeforeAnythingIsWritten) {
  auto [words, bad] = GetParam();
  const SmallGrid grid;
  bad.damage(grid);
  for (std::string& word : words) word = word == "CONFIG" ? grid.path("c.ini").string() : word;
  const auto before = grid.scratch().listing();

  const auto result = testing::run_program(words);

  EXPECT_EQ(result.status, 2) << result.err;
  EXPECT_EQ(result.out, "");
  std::string said = result.err;
  const std::string folder = grid.scratch().path().string() + "/";
  for (auto at = said.find(folder); at != std::string::npos; at = said.find(folder)) said.erase(at, folder.size());
  EXPECT_THAT(said, HasSubstr(bad.expected));
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) EXPECT_THAT(line, StartsWith("mtlgrid: "));
  EXPECT_EQ(grid.scratch().listing(), before);
}

const std::string kA3 = "A/feats/A03.h5", kNamed = "A03.h5";
const std::vector<Bad> kBad = {
    {"ConfigurationAbsent", "c.ini: no such file, expected a configuration file", removed("c.ini")},
    {"ConfigurationUnknownKey", "c.ini, line 2: [grid]: unknown key 'stores'; did you mean 'store'?",
     replaced("c.ini", "store =", "stores =")},
    {"ConfigurationUnknownSection", "c.ini, line 18: unknown section [modle]; did you mean 'model'?",
     replaced("c.ini", "[model]", "[modle]")},
    {"ConfigurationMalformed", "c.ini, line 23: 'epochs 1' is neither [SECTION] nor KEY = VALUE",
     replaced("c.ini", "epochs = 1", "epochs 1")},
    {"ConfigurationNotUtf8", "c.ini, line 16: not UTF-8 text; save the file as UTF-8",
     replaced("c.ini", "neg\n", "n\xE9g\n")},
    {"ClinicalTableAbsent", "A/clini.csv", removed("A/clini.csv")},
    {"SlideTableAbsent", "B/slide.csv", removed("B/slide.csv")},
    {"FeatureFolderAbsent", "A/feats", removed("A/feats")},
    {"FeatureFolderEmpty", "B/feats",
     [](const SmallGrid& grid) {
       removed("B/feats")(grid);
       std::filesystem::create_directory(grid.path("B/feats"));
     }},
    {"TableEmpty", "A/clini.csv", written("A/clini.csv", "")},
    {"TableOfBlankLines", "A/clini.csv", written("A/clini.csv", "\n\n")},
    {"TableWithoutRows", "A/clini.csv", written("A/clini.csv", "PATIENT,status,LF\n")},
    {"TableUnclosedQuote", "A/clini.csv, row 5", replaced("A/clini.csv", "A03,neg", "A03,\"neg")},
    {"TableRaggedRow", "A/slide.csv: rows of more cells than the header, which has 2 (3 in row 4)",
     replaced("A/slide.csv", "A02,A02.h5", "A02,A02.h5,more")},
    {"TableNotUtf8", "A/clini.csv: is not UTF-8 text (byte 0xE9, 'é' in Windows-1252, in row 3)",
     replaced("A/clini.csv", "A01,neg", "A01,n\xE9g")},
    {"TableOtherFormat", "A/clini.dat: suffix '.dat', expected a table in .csv, .tsv, .tab, .txt or .xlsx",
     [](const SmallGrid& grid) {
       std::filesystem::rename(grid.path("A/clini.csv"), grid.path("A/clini.dat"));
       grid.replace("c.ini", "A/clini.csv", "A/clini.dat");
     }},
    {"PatientColumnAbsent", "A/clini.csv", replaced("A/clini.csv", "PATIENT", "ID")},
    {"LabelColumnAbsent", "B/clini.csv", replaced("B/clini.csv", "status", "state")},
    {"AuxiliaryColumnAbsent", "A/clini.csv", replaced("A/clini.csv", "LF", "FL")},
    {"AuxiliaryNoNumber", "A/clini.csv, column 'LF': 1 cell has a decimal comma: '4,5' (row 6); write decimal points",
     replaced("A/clini.csv", "A04,pos,4.5", "A04,pos,\"4,5\"")},
    {"AuxiliaryInfinite", "A/clini.csv, column 'LF': 1 cell is not finite: 'inf' (row 6); ",
     replaced("A/clini.csv", "A04,pos,4.5", "A04,pos,inf")},
    {"ThirdClassValue",
     "A/clini.csv, column 'status': 'maybe' (row 6) is neither pos (positive) nor neg (negative); write in "
     "[biomarker.MSI] what it is: ",
     replaced("A/clini.csv", "A04,pos", "A04,maybe")},
    {"OtherSpellingInAnExternalCohort",
     "B/clini.csv, column 'status': 'POS' (row 2) is neither pos (positive) nor neg (negative); differs from 'pos' "
     "only in "
     "letter case: write positive = pos, POS in [biomarker.MSI]",
     replaced("B/clini.csv", "B00,pos", "B00,POS")},
    {"ConflictingRows",
     "A/clini.csv: 1 patient has rows that differ in 'status': 'A00' ('pos' in row 2, 'neg' in row 22); ",
     [](const SmallGrid& grid) { grid.replace("A/clini.csv", "A19,neg,19.5\n", "A19,neg,19.5\nA00,neg,0.5\n"); }},
    {"FileOfTwoPatients", "A/slide.csv: files of two patients ('A01.h5' of 'A02' in row 4 is of 'A01' in row 3)",
     replaced("A/slide.csv", "A02,A02.h5", "A02,A01.h5")},
    {"PatientInBothCohorts", "'A07'",
     [](const SmallGrid& grid) {
       grid.replace("B/clini.csv", "B03", "A07");
       grid.replace("B/slide.csv", "B03,", "A07,");
     }},
    {"FewerPatientsThanFolds", "A/clini.csv: pair MSI/LF: 10 positive patients, expected at least 11 (folds)",
     replaced("c.ini", "store =", "folds = 11\nstore =")},
    {"OneClassAlone", "A/clini.csv, column 'status': all patients with a value are pos (positive, 10 patients)",
     replaced("c.ini", "negative = neg", "ignore = neg")},
    {"FeaturesNoHdf5", kNamed, written(kA3, "this is text")},
    {"FeaturesEmptyFile", kNamed, written(kA3, "")},
    {"FeaturesTruncated", kNamed,
     [](const SmallGrid& grid) {
       std::filesystem::resize_file(grid.path(kA3), std::filesystem::file_size(grid.path(kA3)) / 2);
     }},
    {"FeaturesWithoutFeats", kNamed, fixture(kA3, "no_feats.h5")},
    {"FeaturesOfASlide", kNamed, fixture(kA3, "slide_level.h5")},
    {"FeaturesDeclaredNotWritten", kNamed, fixture(kA3, "huge_claim.h5")},
    {"FeaturesOfIntegers", kNamed, fixture(kA3, "integers.h5")},
    {"FeaturesOtherWidth", kNamed, [](const SmallGrid& grid) { grid.features(kA3, 2, 5, 0x3c00); }},
    {"FeaturesOtherWidthInACohort", "B/feats: 5 features a tile, expected 4 as in training cohort 'A'",
     [](const SmallGrid& grid) {
       for (int i = 0; i < 6; ++i) grid.features("B/feats/B0" + std::to_string(i) + ".h5", 2, 5, 0x3c00);
     }},
    {"FeaturesNotANumber", kNamed, [](const SmallGrid& grid) { grid.features(kA3, 2, 4, 0x7e00); }},
    {"FeaturesInfinite", kNamed, [](const SmallGrid& grid) { grid.features(kA3, 2, 4, 0x7c00); }},
    {"FeaturesOfOtherExtractor", kNamed, [](const SmallGrid& grid) { grid.features(kA3, 2, 4, 0x3c00, "uni"); }},
    {"FeaturesOfOtherExtractorInACohort",
     "B/feats: features of extractor 'uni', expected 'ctranspath' as in training cohort 'A'",
     [](const SmallGrid& grid) {
       for (int i = 0; i < 6; ++i) grid.features("B/feats/B0" + std::to_string(i) + ".h5", 2, 4, 0x3c00, "uni");
     }},
    {"SplitsAbsent", "splits.json: no such file, expected a file of splits",
     replaced("c.ini", "negative = neg", "splits = splits.json")},
};

INSTANTIATE_TEST_SUITE_P(AllKinds, BadInput,
                         ::testing::Combine(::testing::ValuesIn(kCommands), ::testing::ValuesIn(kBad)),
                         [](const auto& p) { return std::get<0>(p.param)[1] + "_" + std::get<1>(p.param).name; });

TEST(BadInputAtOnce, TwoDamagesGiveTwoLines) {
  const SmallGrid grid;
  grid.features(kA3, 2, 4, 0x7e00);
  grid.replace("B/clini.csv", "B01,neg", "B01,maybe");
  const auto result = testing::run_program({"mtlgrid", "run", grid.path("c.ini")});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr(kNamed));
  EXPECT_THAT(result.err, HasSubstr("B/clini.csv, column 'status': 'maybe' (row 3)"));
}

// A node whose nvidia-smi answers `text`.
std::vector<std::string> with_nvidia_smi(const testing::Scratch& scratch, const std::string& text) {
  const auto program = scratch.write("bin/nvidia-smi", "#!/bin/sh\necho '" + text + "'\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  return {"PATH=" + program.parent_path().string() + ":" + std::getenv("PATH")};
}

TEST(Device, CudaWithoutAGpuIsRefusedBeforeAnythingIsWritten) {
  const SmallGrid grid;
  grid.replace("c.ini", "epochs = 1", "epochs = 1\ndevice = cuda");
  const testing::Scratch node;
  const auto environment = with_nvidia_smi(node, "No devices found.");
  const auto before = grid.scratch().listing();
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"mtlgrid", "run", grid.path("c.ini")},
        std::vector<std::string>{"mtlgrid", "cell", grid.path("c.ini"), "MSI/LF/naive/0"}}) {
    const auto result = testing::run_program(command, environment);
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("mtlgrid: train.device = cuda, and no GPU can be used: nvidia-smi -L lists "
                                      "none: 'No devices found.'"));
    EXPECT_EQ(grid.scratch().listing(), before);
  }
}

}  // namespace
}  // namespace mtlgrid
