#include "orchestrator/plan/plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "tests/orchestrator/plan/plan_of.h"
#include "tests/orchestrator/plan/small_grid.h"
#include "tests/orchestrator/plan/synthetic_plan.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;
using testing::plan_of;
using testing::PlanOfSynthetic;
using ::testing::SizeIs;

TEST_F(PlanOfSynthetic, IsThePapersGridOf595Cells) {
  const Plan p = plan();
  EXPECT_THAT(p.experiment.pairs, SizeIs(7));
  ASSERT_THAT(p.grid.cells, SizeIs(595));
  EXPECT_EQ(std::set<Cell>(p.grid.cells.begin(), p.grid.cells.end()).size(), 595U);
  EXPECT_EQ(p.grid.cells.front().name(), "MSI/ITH/baseline/0");
  EXPECT_EQ(p.grid.cells[1].name(), "MSI/ITH/baseline/1");
  EXPECT_EQ(p.grid.cells[5].name(), "MSI/ITH/naive/0");
  EXPECT_EQ(p.grid.cells.back().name(), "HRD/Prolif/autol+cagrad/4");
}

// Of the version before `groups`: a configuration without that key is the same grid as ever.
TEST_F(PlanOfSynthetic, IsTheGridThatEarlierVersionsRegistered) {
  EXPECT_THAT(plan().grid.identity, ::testing::StartsWith("2c6d48416ccd"));
}

// The same file in another place is the same grid; no file, or another content, is another one.
TEST_F(PlanOfSynthetic, InitialWeightsDecideWhichGridItIs) {
  const auto identity = [&](const std::string& init) {
    return plan(changed("[train]\n", "[train]\ninit = " + init + "\n")).grid.identity;
  };
  scratch_->write("data/a.pt", "one");
  scratch_->write("data/sub/b.pt", "one");
  scratch_->write("data/c.pt", "two");
  const std::string one = identity("a.pt");
  EXPECT_EQ(identity("sub/b.pt"), one);
  EXPECT_NE(identity("c.pt"), one);
  EXPECT_NE(plan().grid.identity, one);
  const Plan p = plan(changed("[train]\n", "[train]\ninit = a.pt\n"));
  EXPECT_EQ(p.experiment.init.file, (scratch_->path() / "data/a.pt").string());
  EXPECT_EQ(p.grid.settings.at("init").at("hash"), p.experiment.init.hash);
  EXPECT_FALSE(plan().grid.settings.contains("init"));
}

TEST_F(PlanOfSynthetic, EveryTrainingPatientIsTestedOnceAndHasOneRoleAFold) {
  const Plan p = plan();
  for (const Pair& pair : p.experiment.pairs) {
    std::multiset<std::string> tested;
    for (int fold = 0; fold < 5; ++fold) {
      std::set<std::string> seen;
      for (const SplitRow& row : p.grid.splits) {
        if (row.biomarker != pair.biomarker || row.auxiliary != pair.auxiliary || row.fold != fold) continue;
        EXPECT_TRUE(seen.insert(row.patient).second) << row.patient << " twice in fold " << fold;
        if (row.role == "test") tested.insert(row.patient);
      }
      EXPECT_EQ(seen.size(), pair.training.patient.size());
    }
    EXPECT_EQ(tested.size(), pair.training.patient.size());
    EXPECT_EQ(std::set<std::string>(tested.begin(), tested.end()).size(), tested.size());
  }
}

TEST_F(PlanOfSynthetic, AnExternalCohortHasTheSamePatientsForEveryAuxiliary) {
  const Plan p = plan();
  for (const Pair& pair : p.experiment.pairs) {
    ASSERT_THAT(pair.external, SizeIs(1));
    const Pair& first = p.experiment.pairs[pair.biomarker == "MSI" ? 0 : 5];
    EXPECT_EQ(pair.external[0].patient, first.external[0].patient);
  }
}

TEST_F(PlanOfSynthetic, DropsSayWhomTheyConcern) {
  bool cohort_wide = false, of_a_pair = false;
  for (const auto& row : plan().grid.drops) {
    EXPECT_FALSE(row.drop.reason.empty());
    (row.biomarker.empty() ? cohort_wide : of_a_pair) = true;
  }
  EXPECT_TRUE(cohort_wide && of_a_pair);
}

TEST_F(PlanOfSynthetic, BiomarkersKeepTheirCohortsRoles) {
  const auto cohorts = plan().grid.cohorts;
  ASSERT_THAT(cohorts, SizeIs(4));
  EXPECT_EQ(cohorts[1].biomarker, "MSI");
  EXPECT_EQ(cohorts[1].cohort, "CPTAC-CRC");
  EXPECT_EQ(cohorts[1].role, "external");
}

TEST_F(PlanOfSynthetic, MethodsAndPlacesMayChangeWithoutANewGrid) {
  const std::string identity = plan().grid.identity;
  EXPECT_THAT(identity, SizeIs(32));
  EXPECT_EQ(plan(changed("methods = all", "methods = naive")).grid.identity, identity);
  EXPECT_EQ(plan(changed("store = results/grid.db", "store = elsewhere.db")).grid.identity, identity);
  const auto moved = scratch_->path() / "moved";
  std::filesystem::copy(scratch_->path() / "data", moved, std::filesystem::copy_options::recursive);
  EXPECT_EQ(plan(moved / "grid.ini").grid.identity, identity);
}

TEST_F(PlanOfSynthetic, RepeatsFollowTheCellsOfTheSameGrid) {
  const GridRecord once = plan().grid, thrice = plan(changed("seed = 1337", "seed = 1337\nrepeats = 3")).grid;
  EXPECT_EQ(thrice.identity, once.identity);
  ASSERT_THAT(thrice.cells, SizeIs(3 * once.cells.size()));
  for (std::size_t i = 0; i < thrice.cells.size(); ++i) {
    Cell cell = once.cells[i % once.cells.size()];
    cell.repeat = static_cast<int>(i / once.cells.size());
    EXPECT_EQ(thrice.cells[i], cell);
  }
  EXPECT_EQ(std::ssize(thrice.splits), std::ssize(once.splits)) << "repeats have the same splits";
}

TEST_F(PlanOfSynthetic, WhatDecidesResultsMakesANewGrid) {
  const std::string identity = plan().grid.identity;
  for (const auto& [from, to] : {std::pair{"seed = 1337", "seed = 1"},
                                 {"\nfolds = 5", "\nfolds = 4"},
                                 {"epochs = ", "epochs = 1"},
                                 {"auxiliaries = ITH, Prolif", "auxiliaries = ITH"}}) {
    EXPECT_NE(plan(changed(from, to)).grid.identity, identity) << to;
  }
}

TEST_F(PlanOfSynthetic, AChangedLabelMakesANewGrid) {
  const auto copy = scratch_->path() / "relabelled";
  std::filesystem::copy(scratch_->path() / "data", copy, std::filesystem::copy_options::recursive);
  std::ifstream stream(copy / "CPTAC-CRC/clini.csv");
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto at = text.find(",MSIH");
  ASSERT_NE(at, std::string::npos);
  scratch_->write("relabelled/CPTAC-CRC/clini.csv", text.replace(at, 5, ",nonMSIH"));
  EXPECT_NE(plan(copy / "grid.ini").grid.identity, plan().grid.identity);
}

TEST_F(PlanOfSynthetic, ALineThatSeveralPairsShareIsSaidOnce) {
  try {
    plan(changed("label = isMSIH", "label = isMSI"));
    FAIL() << "no error";
  } catch (const InputError& e) {
    const auto& lines = e.problems();
    EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), lines.size());
    EXPECT_THAT(lines, SizeIs(2)) << "one a cohort:\n" << e.what();
  }
}

TEST_F(PlanOfSynthetic, AllCohortsProblemsComeAtOnce) {
  const std::string said = problems({{"clini = TCGA-CRC/clini.csv", "clini = TCGA-CRC/absent.csv"},
                                     {"features = CPTAC-CRC/feats", "features = nowhere"},
                                     {"label = HRD", "label = HDR"}});
  for (const char* part : {"TCGA-CRC/absent.csv", "nowhere", "TCGA-LUAD/clini.csv", "CPTAC-LUAD/clini.csv"}) {
    EXPECT_THAT(said, HasSubstr(part));
  }
}

TEST_F(PlanOfSynthetic, TrainingAndExternalCohortMustNotShareAPatient) {
  const std::string said = problems({{"clini = CPTAC-CRC/clini.csv", "clini = TCGA-CRC/clini.csv"},
                                     {"slides = CPTAC-CRC/slide.csv", "slides = TCGA-CRC/slide.csv"},
                                     {"features = CPTAC-CRC/feats", "features = TCGA-CRC/feats"}});
  EXPECT_THAT(said, HasSubstr("40 patients of cohort 'CPTAC-CRC' are also in training cohort 'TCGA-CRC'"));
}

TEST_F(PlanOfSynthetic, MoreFoldsThanPositivesAreRefused) {
  const std::string said = problems({{"\nfolds = 5", "\nfolds = 30"}});
  EXPECT_THAT(said, HasSubstr("TCGA-CRC/clini.csv: pairs MSI/ITH, MSI/LF, MSI/LISS, MSI/Prolif, MSI/SF: "));
  EXPECT_THAT(said, HasSubstr("expected at least 30 (folds)"));
}

TEST(PlanOfClasses, AreThoseOfTheTrainingCohortInEveryCohort) {
  const testing::SmallGrid grid;
  grid.replace("c.ini", "negative = neg\n", "");
  std::string table = "PATIENT,status,LF\n";
  for (int i = 0; i < 6; ++i) table += "B0" + std::to_string(i) + ",Pos,1\n";
  grid.scratch().write("B/clini.csv", table);
  EXPECT_THAT(
      [&] { plan_of(grid); },
      ::testing::ThrowsMessage<InputError>(
          grid.path("B/clini.csv").string() +
          ", column 'status': 'Pos' (6 patients, rows 2, 3, 4, ...) is neither pos (positive) nor neg (negative, "
          "from training cohort A); differs from 'pos' only in letter case: write positive = pos, Pos in "
          "[biomarker.MSI]"));
}

TEST(PlanOfClasses, AreRecordedAndNoPartOfTheIdentity) {
  const testing::SmallGrid grid;
  const nlohmann::json classes = {{"MSI", {{"positive", {"pos"}}, {"negative", {"neg"}}}}};
  EXPECT_EQ(plan_of(grid).grid.settings.at("classes"), classes);
  grid.replace("c.ini", "negative = neg\n", "");
  const GridRecord inferred = plan_of(grid).grid;
  EXPECT_EQ(inferred.settings.at("classes"), classes);
  EXPECT_EQ(inferred.settings.at("biomarkers").at("MSI").at("negative"), "");
}

// A broken file of a cohort does not hide what is wrong with its tables.
TEST(PlanOfClasses, TablesOfACohortWithBrokenFilesAreCheckedToo) {
  const testing::SmallGrid grid;
  grid.scratch().write("A/feats/A03.h5", "this is text");
  grid.replace("A/clini.csv", "A04,pos", "A04,maybe");
  EXPECT_THAT([&] { plan_of(grid); },
              ::testing::ThrowsMessage<InputError>(::testing::AllOf(
                  HasSubstr("A/feats: unreadable or truncated (A03.h5"), HasSubstr("'maybe' (row 6) is neither"))));
}

// Lines of the InputError that planning this grid throws.
std::vector<std::string> lines_of(const testing::SmallGrid& grid) {
  try {
    plan_of(grid);
  } catch (const InputError& e) {
    return e.problems();
  }
  return {};
}

// Most patients are lost because the slide table spells them in another way, so a class is missing.
TEST(PlanOfLostPatients, SaysWhatTheJoinWarnsOfBeforeTheErrors) {
  const testing::SmallGrid grid;
  grid.replace("c.ini", "negative = neg\n", "");
  std::string table = "PATIENT,status,LF\n";
  for (int i = 0; i < 20; ++i) {
    table += fmt::format("{}{:02},{},{}\n", i % 2 == 0 ? "a" : "A", i, i % 2 == 0 ? "pos" : "neg", i);
  }
  grid.scratch().write("A/clini.csv", table);
  const auto lines = lines_of(grid);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], ::testing::AllOf(::testing::StartsWith("warning: A: "), HasSubstr("upper and lower case")));
  EXPECT_THAT(lines[1], HasSubstr("no patient of training cohort A is pos (positive)"));
}

TEST(PlanOfMissingCells, IsALineACohortWithAllSpellingsOfAllColumns) {
  const testing::SmallGrid grid;
  grid.replace("c.ini", "auxiliaries = LF", "auxiliaries = LF, ITH");
  std::string table = "PATIENT,status,LF,ITH\n";
  for (int i = 0; i < 20; ++i) {
    table += fmt::format("A{:02},{},{},{}\n", i,
                         i == 0       ? "Unknown"
                         : i % 2 == 0 ? "pos"
                                      : "neg",
                         i % 5 == 1 ? "[Not Available]" : "1", i % 5 == 2 ? "'--" : "2");
  }
  grid.scratch().write("A/clini.csv", table);
  const auto lines = lines_of(grid);
  const std::string write = "write missing = [Not Available], '--, Unknown in [cohort.A]";
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], HasSubstr("columns 'LF' (4), 'ITH' (4): 8 cells are not numbers"));
  for (const std::string& line : lines) EXPECT_THAT(line, HasSubstr(write));
  grid.replace("c.ini", "features = A/feats", "features = A/feats\nmissing = [Not Available], '--, Unknown");
  EXPECT_THAT(lines_of(grid), SizeIs(0));
}

TEST(PlanOfAbsentColumns, WarnsOfANearlyEqualName) {
  const testing::SmallGrid grid;
  const std::string identity = plan_of(grid).grid.identity;
  grid.replace("B/clini.csv", "LF", "Lf");
  const Plan p = plan_of(grid);
  EXPECT_THAT(p.cohorts[1].warnings, ::testing::ElementsAre(HasSubstr("rename 'Lf' to 'LF' in the table")));
  grid.replace("B/clini.csv", "Lf", "age");
  const Plan none = plan_of(grid);
  EXPECT_THAT(none.cohorts[1].warnings, SizeIs(0));
  EXPECT_THAT(none.cohorts[1].inferences, ::testing::Contains(HasSubstr("no column 'LF'")));
  EXPECT_EQ(none.grid.identity, p.grid.identity);
}

TEST(PlanOfCohorts, WarnsOfPatientsOfTheTrainingUnderAnotherName) {
  const testing::SmallGrid grid;
  EXPECT_THAT(plan_of(grid).cohorts[1].warnings, ::testing::IsEmpty());
  grid.replace("B/clini.csv", "B00", "a00");
  grid.replace("B/slide.csv", "B00,", "a00,");
  EXPECT_THAT(plan_of(grid).cohorts[1].warnings,
              ::testing::ElementsAre(::testing::AllOf(
                  HasSubstr("1 patient of cohort 'B' may be of training cohort 'A' under another name"),
                  HasSubstr("('a00' and 'A00')"))));
}

TEST(PlanOfCohorts, WarnsOfCopiesOfAFeatureFile) {
  const testing::SmallGrid grid;
  const auto over = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(grid.path("A/feats/A03.h5"), grid.path("A/feats/A07.h5"), over);
  const Plan p = plan_of(grid);
  EXPECT_THAT(p.cohorts[0].warnings,
              ::testing::ElementsAre(HasSubstr("2 of 20 files, in 1 group, have the same features as another file "
                                               "('A03.h5' of 'A03' and 'A07.h5' of 'A07')")));
  EXPECT_THAT(p.cohorts[1].warnings, ::testing::IsEmpty());
}

TEST(Virtual, CohortsGiveThePapersGrid) {
  const std::filesystem::path file = std::filesystem::path(MTLGRID_SOURCE) / "../shared/data/virtual/grid.ini";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no virtual cohorts at " << file;
  FingerprintMemory memory;
  const Plan p = make_plan(load_config(file), memory);
  EXPECT_THAT(p.grid.cells, SizeIs(595));
  EXPECT_EQ(p.cohorts[0].width, 768);
  EXPECT_EQ(p.cohorts[0].patients.size(), 150U);
  EXPECT_EQ(p.cohorts[1].patients.size(), 80U);
}

}  // namespace
}  // namespace mtlgrid
