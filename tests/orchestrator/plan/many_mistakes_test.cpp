// A folder with many mistakes at once: what is said stays short, and each line tells a cause, not a row.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "orchestrator/plan/plan.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr const char* kConfiguration = R"([grid]
store = results/grid.db
folds = 12
[cohort.A]
clini = A/clini.csv
slides = A/slide.csv
features = A/feats
[cohort.B]
clini = B/clini.csv
slides = B/slide.csv
features = B/feats
[cohort.C]
clini = C/absent.csv
slides = B/slide.csv
features = nowhere
[cohort.D]
clini = D/clini.csv
slides = D/slide.csv
features = D/feats
filename_column = FILE
[biomarker.MSI]
train = A
external = B, C, D
label = isMSIH
positive = MSIH
negative = nonMSIH
auxiliaries = LF, ITH, SF, Prolif, LISS, Size
[biomarker.HRD]
train = A
label = HRD
positive = HRD
auxiliaries = LF
[biomarker.Age]
train = A
label = Size
positive = old
auxiliaries = LF
[biomarker.Stage]
train = A
label = stage
positive = late
auxiliaries = LF
[model]
d_model = 8
heads = 2
ff = 8
[train]
epochs = 1
)";

// 20 patients a cohort. A: labels in four spellings, markers of missing values, and a mistake of its own in each
// auxiliary column; B: the classes spelled in another way, and four of A's patients.
void damage(const testing::SmallGrid& grid) {
  grid.scratch().write("c.ini", kConfiguration);
  const std::vector<std::string> labels = {"MSIH", "nonMSIH", "MSI-H", "[Not Available]", "MSS"};
  std::string a = "PATIENT,isMSIH,HRD,stage,LF,ITH,SF,Prolif,Size\n", b = "PATIENT,isMSIH,LF\n",
              slides = "PATIENT,FILENAME\n";
  for (int i = 0; i < 20; ++i) {
    a += fmt::format("A{:02},{},{},{},{},{},{},{},{}\n", i, labels[static_cast<std::size_t>(i % 5)],
                     i % 2 == 0 ? "HRD" : "Unknown", i % 3 == 0 ? "Late" : "early", i % 4 == 0 ? "'--" : "0.5",
                     i % 4 == 1 ? "\"0,53\"" : "0.5", i % 4 == 2 ? "53 %" : "0.5", i % 4 == 3 ? "<0.01" : "0.5",
                     fmt::format("{} mm", i + 1));
    slides += fmt::format("A{0:02},A{0:02}.h5\n", i);
  }
  for (int i = 0; i < 4; ++i) a += fmt::format("A{:02},other,HRD,early,0.7,0.5,0.5,0.5,9\n", i);
  for (int i = 0; i < 6; ++i) {
    b += fmt::format("B{:02},{},{}\n", i,
                     i % 3 == 0   ? "msih"
                     : i % 3 == 1 ? "non-MSIH"
                                  : "unclear",
                     i % 2 == 0 ? "inf" : "high");
  }
  std::string of_b = "PATIENT,FILENAME\nB01,B00.h5\n";
  for (int i = 0; i < 6; ++i) of_b += fmt::format("B{0:02},B{0:02}.h5\n", i);
  for (int i = 0; i < 4; ++i) {
    b += fmt::format("A{:02},unclear,1\n", i);
    of_b += fmt::format("A{0:02},A{0:02}.h5\n", i);
    grid.features(fmt::format("B/feats/A{:02}.h5", i), 2, 4, 0x3c00);
  }
  grid.scratch().write("A/clini.csv", a);
  grid.scratch().write("A/slide.csv", slides);
  grid.scratch().write("B/clini.csv", b);
  grid.scratch().write("B/slide.csv", of_b);
  grid.scratch().write("D/clini.csv", b);
  grid.scratch().write("D/slide.csv", slides);
  grid.features("D/feats/A00.h5", 2, 4, 0x3c00);
  grid.scratch().write("A/feats/A07.h5", "this is text");
  grid.features("A/feats/A08.h5", 2, 4, 0x7e00);
  grid.features("A/feats/A09.h5", 2, 4, 0x3c00, "uni");
  grid.features("B/feats/B02.h5", 2, 5, 0x3c00);
}

// The line without numbers and quoted values: lines that are equal then tell one cause twice.
std::string cause_of(const std::string& line) {
  std::string out;
  bool quoted = false;
  for (const char c : line) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && (c < '0' || c > '9')) out += c;
  }
  return out;
}

TEST(ManyMistakes, AreALineForEachCauseNotForEachRow) {
  const testing::SmallGrid grid;
  damage(grid);
  std::vector<std::string> lines;
  try {
    FingerprintMemory memory;
    make_plan(load_config(grid.path("c.ini")), memory);
  } catch (const InputError& e) {
    lines = e.problems();
  }
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  SCOPED_TRACE(all);
  EXPECT_GE(lines.size(), 20U);
  EXPECT_LE(lines.size(), 40U);

  // Each mistake is named, with what to write; those of damaged cohorts too.
  for (const char* part : {"'MSI-H' (4 patients, rows 4, 9, 14, ...) is neither MSIH (positive) nor nonMSIH "
                           "(negative); differs from 'MSIH' only "
                           "in punctuation: write positive = MSIH, MSI-H in [biomarker.MSI]",
                           "missing = '--, [Not Available], Unknown in [cohort.A], or ignore = [Not Available] in "
                           "[biomarker.MSI]",
                           "'MSS' (4 patients, rows 6, 11, 16, ...) is neither",
                           "write positive = MSIH, msih in [biomarker.MSI]",
                           "write negative = nonMSIH, non-MSIH in [biomarker.MSI]",
                           "'unclear' (6 patients, rows 4, 7, 8, ...)",
                           "which looks like no class; write in [biomarker.HRD]",
                           "is this the column of the classes?",
                           "'Late' differs from 'late' only in letter case",
                           "column 'LF': 5 cells are not numbers: ''--' (5 times, ",
                           "column 'ITH': 5 cells have a decimal comma: '0,53'",
                           "have a percent sign: '53 %'",
                           "column 'Prolif': ",
                           "have text after the number: '1 mm' (row 2), '2 mm'",
                           "no column 'LISS'",
                           "4 patients have rows that differ in 'isMSIH', 'LF'",
                           "4 patients of cohort 'B' are also in training cohort 'A'",
                           "A/feats: unreadable or truncated (A07.h5",
                           "A/feats: values that are not finite as float16 (A08.h5",
                           "B/feats: features a tile: '5' (B02.h5)",
                           "C/absent.csv",
                           "nowhere",
                           "no column 'FILE'"}) {
    EXPECT_THAT(lines, Contains(HasSubstr(part)));
  }
  std::set<std::string> causes;
  for (const std::string& line : lines) EXPECT_TRUE(causes.insert(cause_of(line)).second) << line;
}

}  // namespace
}  // namespace mtlgrid
