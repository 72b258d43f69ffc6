#include "orchestrator/plan/plan.h"

#include <gmock/gmock.h>

#include <set>

#include "datasets/synth.h"
#include "orchestrator/commands/plan_report.h"
#include "orchestrator/durations/cost.h"
#include "results/store/store.h"
#include "tests/orchestrator/config/scratch.h"
#include "trainer/contract/flops.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Synthetic cohorts, written once for all tests; a test that changes files copies the folder.
class PlanOfSynthetic : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new testing::Scratch;
    write_synthetic(scratch_->path() / "data", {});
  }
  static void TearDownTestSuite() {
    delete scratch_;
    scratch_ = nullptr;
  }
  static std::filesystem::path file() { return scratch_->path() / "data" / "grid.ini"; }

  static Plan plan(const std::filesystem::path& config_file = file()) {
    FingerprintMemory memory;
    return make_plan(load_config(config_file), memory);
  }

  static std::string report(const Plan& p) { return plan_report(p, plan_standing(p), false); }

  // The configuration with some texts replaced (the first occurrence of each).
  using Changes = std::vector<std::pair<std::string, std::string>>;
  static std::filesystem::path changed(const Changes& changes) {
    std::ifstream stream(file());
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    for (const auto& [from, to] : changes) {
      const auto at = text.find(from);
      EXPECT_NE(at, std::string::npos) << from;
      if (at != std::string::npos) text.replace(at, from.size(), to);
    }
    return scratch_->write("data/changed.ini", text);
  }
  static std::filesystem::path changed(const std::string& from, const std::string& to) {
    return changed(Changes{{from, to}});
  }
  // The problems of a plan, one a line.
  static std::string problems(const Changes& changes) {
    try {
      plan(changed(changes));
    } catch (const InputError& e) {
      return e.what();
    }
    return "(none)";
  }

  static testing::Scratch* scratch_;
};
testing::Scratch* PlanOfSynthetic::scratch_ = nullptr;

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

TEST_F(PlanOfSynthetic, InitialWeightsThatFitNoPairAreRefusedWithEveryReason) {
  const std::string absent = problems({{"[train]\n", "[train]\ninit = none.pt\n"}});
  EXPECT_EQ(absent, (scratch_->path() / "data/none.pt").string() + ": cannot be read");
  scratch_->write("data/a.pt", "no weights");
  const Plan p = plan(changed("[train]\n", "[train]\ninit = a.pt\n"));
  EXPECT_THAT([&] { report(p); },
              ::testing::ThrowsMessage<InputError>(AllOf(HasSubstr("pair MSI/SF: "), HasSubstr("pair HRD/Prolif: "),
                                                         HasSubstr("was not written by torch.save"))));
}

TEST_F(PlanOfSynthetic, EveryTrainingPatientIsTestedOnceAndHasOneRoleAFold) {
  const Plan p = plan();
  for (const Pair& pair : p.experiment.pairs) {
    std::multiset<std::string> tested;
    for (int fold = 0; fold < 5; ++fold) {
      std::set<std::string> seen;
      for (const auto& row : p.grid.splits) {
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
  EXPECT_THAT(said, HasSubstr("patient 'TCGA-CRC-"));
}

TEST_F(PlanOfSynthetic, MoreFoldsThanPositivesAreRefused) {
  const std::string said = problems({{"\nfolds = 5", "\nfolds = 30"}});
  EXPECT_THAT(said, HasSubstr("TCGA-CRC/clini.csv: pair MSI/ITH: "));
  EXPECT_THAT(said, HasSubstr("expected at least 30 (folds)"));
}

TEST_F(PlanOfSynthetic, CostsFollowTheMethodsPasses) {
  const Plan p = plan();
  const auto cost = [&](const char* method) { return expected_cost(p, {"MSI", "ITH", method, 0}); };
  EXPECT_EQ(cost("baseline"), cost("dwa"));
  EXPECT_GT(cost("pcgrad"), cost("dwa"));
  EXPECT_GT(cost("autol"), cost("pcgrad"));
  EXPECT_GT(cost("autol+cagrad"), cost("autol")) << "a matrix of gradients is written and read";
}

TEST_F(PlanOfSynthetic, SaysHowThreadsAndWorkersShareTheCores) {
  EXPECT_THAT(report(plan()), HasSubstr("On CPUs: a worker for each core, of one thread (two workers"));
  EXPECT_THAT(report(plan(changed("[train]\n", "[train]\nthreads = 4\n"))),
              HasSubstr("On CPUs: train.threads = 1 and more workers would be faster"));
}

// A stop is heard once every member has taken its step, and each then writes its checkpoint.
TEST_F(PlanOfSynthetic, WalltimeLeadCountsThePack) {
  EXPECT_THAT(report(plan(changed("[train]\n", "[train]\ndevice = cpu\n"))),
              HasSubstr("(one cell at 100 MB a second;"));
  EXPECT_THAT(report(plan(changed("[train]\n", "[train]\ndevice = cpu\npack = 5\n"))),
              HasSubstr("(up to 5 cells of a trainer at 100 MB a second;"));
}

// Auto-Lambda's keys decide the passes independently of each other.
TEST(StepPasses, AreThoseThatAStepTakes) {
  const auto passes = [](const char* name, bool exact, bool reuse) {
    Protocol protocol;
    protocol.autol_exact = exact;
    protocol.autol_reuse_masks = reuse;
    const StepPasses p = step_passes(method(name), protocol);
    return std::pair(p.forward, p.gradients);
  };
  for (const char* name : {"autol", "autol+cagrad"}) {
    EXPECT_EQ(passes(name, true, true), std::pair(2, 3));
    EXPECT_EQ(passes(name, true, false), std::pair(3, 5));
    EXPECT_EQ(passes(name, false, true), std::pair(4, 3));
    EXPECT_EQ(passes(name, false, false), std::pair(5, 5));
  }
  EXPECT_EQ(passes("naive", true, true), std::pair(1, 1));
  EXPECT_EQ(passes("cagrad", true, true), std::pair(1, 2));
}

TEST_F(PlanOfSynthetic, TimesComeFromFinishedCellsOfTheSameGrid) {
  const testing::Scratch own;
  const Plan p = plan(changed("store = results/grid.db", "store = " + (own.path() / "grid.db").string()));
  EXPECT_THAT(report(p), AllOf(HasSubstr("Expected times of the 595 cells that are not done"), HasSubstr("a guess: ")))
      << "no store";
  const Cell cell{"MSI", "ITH", "pcgrad", 0};
  {
    Store store = Store::open(p.config.store, [](const std::string&) {}, 60);
    store.use_grid(p.grid);
    EXPECT_THAT(report(p), HasSubstr("a guess: ")) << "nothing finished";
    CellResult result;
    result.cell = cell;
    result.attempt = 1;
    result.environment.device = "cpu";
    for (int epoch = 1; epoch <= 3; ++epoch) {
      result.epochs.push_back({});
      result.epochs.back().epoch = epoch;
      result.epochs.back().seconds = 4;
    }
    store.begin_attempt(cell, 1, result.environment, result.started);
    store.commit_result(result);
    store.publish_snapshot();
  }
  const PlanStanding standing = plan_standing(p);
  EXPECT_EQ(standing.durations.observed(), 1);
  EXPECT_THAT(standing.left, SizeIs(594));
  EXPECT_THAT(report(p), AllOf(HasSubstr("Expected times of the 594 cells that are not done"),
                               HasSubstr("from 1 cell measured in this store on cpu")));

  const Plan other = plan(changed(
      {{"store = results/grid.db", "store = " + (own.path() / "grid.db").string()}, {"\nseed = 1337", "\nseed = 7"}}));
  EXPECT_EQ(plan_standing(other).durations.observed(), 0) << "another grid's cells";
  EXPECT_THAT(plan_standing(other).left, SizeIs(595));
}

TEST_F(PlanOfSynthetic, SaysHowManyJobsOfWhichWalltimeAreNeeded) {
  const Plan p = plan();
  PlanStanding standing = plan_standing(p);
  std::vector<MeasuredCell> slow;  // 5 epochs of 400 s, all 595 cells: 331 h
  for (const Cell& cell : p.grid.cells) slow.push_back({cell, "cpu", 1, 1, 5, 2000, 2001});
  standing.durations.learn(slow);
  const std::string text = plan_report(p, standing, false);
  EXPECT_THAT(text, HasSubstr("workers  expected      8 in 10 are within            speed-up  jobs of 4 h  of 8 h"));
  const auto row = text.find("\n     64  ");
  ASSERT_NE(row, std::string::npos);
  const std::string of_64 = text.substr(row + 1, text.find('\n', row + 1) - row - 1);
  EXPECT_THAT(of_64, ::testing::MatchesRegex("     64  5 h .*  2 +1 +1 +1 *"));
  standing.left.clear();
  EXPECT_THAT(plan_report(p, standing, false), HasSubstr("Expected times: none, all cells are done"));
}

// splits.json of STAMP: our own folds written out must come back, and every damage must be named.
class ImportedSplits : public PlanOfSynthetic {
 protected:
  nlohmann::json exported(const Plan& p) const {
    nlohmann::json splits = nlohmann::json::array();
    for (int fold = 0; fold < 5; ++fold) {
      nlohmann::json train = nlohmann::json::array(), test = train;
      for (const auto& row : p.grid.splits) {
        if (row.biomarker == "HRD" && row.auxiliary == "ITH" && row.fold == fold) {
          (row.role == "test" ? test : train).push_back(row.patient);
        }
      }
      splits.push_back({{"train_patients", train}, {"test_patients", test}});
    }
    return {{"splits", splits}};
  }
  Plan with(const nlohmann::json& splits) const { return with_text(splits.dump(4)); }
  Plan with_text(const std::string& text) const {
    scratch_->write("data/splits.json", text);
    return plan(changed("auxiliaries = ITH, Prolif", "auxiliaries = ITH\nsplits = splits.json"));
  }
  std::string problem(const std::string& text) const {
    try {
      with_text(text);
    } catch (const InputError& e) {
      return e.what();
    }
    return "(none)";
  }
};

TEST_F(ImportedSplits, OurOwnFoldsComeBack) {
  const Plan own = plan(changed("auxiliaries = ITH, Prolif", "auxiliaries = ITH"));
  const Plan imported = with(exported(own));
  ASSERT_EQ(imported.grid.splits.size(), own.grid.splits.size());
  for (std::size_t i = 0; i < own.grid.splits.size(); ++i) {
    EXPECT_EQ(imported.grid.splits[i].patient, own.grid.splits[i].patient);
    EXPECT_EQ(imported.grid.splits[i].role, own.grid.splits[i].role);
  }
}

TEST_F(ImportedSplits, DamageIsNamed) {
  auto splits = exported(plan());
  EXPECT_THAT(problem("{"), HasSubstr("splits.json: is no splits.json of STAMP"));
  EXPECT_THAT(problem("{\"splits\": [{}]}"), HasSubstr("train_patients"));
  auto fewer = splits;
  fewer["splits"].erase(0);
  EXPECT_THAT(problem(fewer.dump()), HasSubstr("has 4 splits, expected 5 (folds)"));
  auto missing = splits;
  const std::string patient = missing["splits"][1]["test_patients"][0];
  missing["splits"][1]["test_patients"].erase(0);
  EXPECT_THAT(problem(missing.dump()), HasSubstr("splits.json, split 2: patient '" + patient + "'"));
  auto twice = splits;
  twice["splits"][2]["train_patients"].push_back(twice["splits"][2]["test_patients"][0]);
  EXPECT_THAT(problem(twice.dump()), HasSubstr("is in both train_patients and test_patients"));
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

TEST(Cost, ThePapersModelHas6Point2MillionWeights) { EXPECT_EQ(parameter_count({}, 768), 6'216'963); }

class Selection : public ::testing::Test {
 protected:
  static std::vector<Cell> cells() {
    std::vector<Cell> all;
    for (const char* pair : {"ITH", "LF"}) {
      for (const char* method : {"naive", "cagrad"}) {
        for (int fold = 0; fold < 2; ++fold) all.push_back({"MSI", pair, method, fold});
      }
    }
    return all;
  }
  static std::vector<std::string> names(const std::string& only) {
    std::vector<std::string> out;
    for (const Cell& cell : select_cells(cells(), only)) out.push_back(cell.name());
    return out;
  }
  static std::string problem(const std::string& only) {
    try {
      select_cells(cells(), only);
    } catch (const InputError& e) {
      return e.what();
    }
    return "(none)";
  }
};

TEST_F(Selection, NothingSelectsAll) { EXPECT_THAT(names(""), SizeIs(8)); }

TEST_F(Selection, TermsAreAndedAndValuesOred) {
  EXPECT_THAT(names("method=cagrad|naive,fold=1,auxiliary=LF"), ElementsAre("MSI/LF/naive/1", "MSI/LF/cagrad/1"));
  EXPECT_THAT(names(" method = cagrad , fold = 0 "), ElementsAre("MSI/ITH/cagrad/0", "MSI/LF/cagrad/0"));
}

TEST_F(Selection, MistakesNameWhatIsKnown) {
  EXPECT_EQ(problem("metod=naive"), "--only: unknown key 'metod'; did you mean 'method'?");
  EXPECT_EQ(problem("method"), "--only: 'method' is not KEY=VALUE|VALUE");
  EXPECT_EQ(problem("fold=9"), "--only: no cell has fold '9'; known: 0, 1");
  EXPECT_EQ(problem("method=cagrat"), "--only: no cell has method 'cagrat'; did you mean 'cagrad'?");
  EXPECT_EQ(problem("fold=0,fold=1"), "--only: fold is given twice");
  EXPECT_EQ(problem("fold=,x=1"),
            "--only: fold has no value; known: 0, 1\n--only: unknown key 'x'; known: biomarker, "
            "auxiliary, method, fold");
}

}  // namespace
}  // namespace mtlgrid
