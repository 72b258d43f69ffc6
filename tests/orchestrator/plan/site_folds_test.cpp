// Folds of whole site groups (`groups` in [grid]) in plans, on the small grid with a column of sites.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>
#include <set>

#include "orchestrator/plan/plan.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A00 to A19, every second one positive, with a site each.
class SiteFolds : public ::testing::Test {
 protected:
  SiteFolds() {
    sites([](int i) { return fmt::format("S{}", i / 4); });
    grid("groups = SITE\nfolds = 3");
  }

  // The column SITE, by the patient's number; an empty text: no value.
  void sites(const std::function<std::string(int)>& site) {
    std::string table = "PATIENT,status,LF,SITE\n";
    for (int i = 0; i < 20; ++i) {
      table += fmt::format("A{:02},{},{},{}\n", i, i % 2 == 0 ? "pos" : "neg", 0.5 + i, site(i));
    }
    small_.scratch().write("A/clini.csv", table);
  }
  // Keys of [grid], in the place of those of before.
  void grid(const std::string& keys) {
    small_.replace("c.ini", keys_, "store = results/grid.db\n" + keys + "\n");
    keys_ = "store = results/grid.db\n" + keys + "\n";
  }
  Plan plan() const {
    FingerprintMemory memory;
    return make_plan(load_config(small_.path("c.ini")), memory);
  }
  std::vector<std::string> problems() const {
    try {
      plan();
    } catch (const InputError& e) {
      return e.problems();
    }
    return {};
  }
  // The sites of a fold's rows.
  static std::set<std::string> of(const Plan& p, const std::vector<int>& rows) {
    std::set<std::string> out;
    const PairSites& sites = p.sites[0];
    for (const int row : rows) {
      out.insert(sites.values[static_cast<std::size_t>(sites.group[static_cast<std::size_t>(row)])]);
    }
    return out;
  }

  testing::SmallGrid small_;
  std::string keys_ = "store = results/grid.db\n";
};

TEST_F(SiteFolds, NoSiteIsInTwoFoldsNorInTrainingAndValidation) {
  const Plan p = plan();
  std::multiset<std::string> tested;
  ASSERT_THAT(p.experiment.pairs[0].folds, SizeIs(3));
  for (const PairFold& fold : p.experiment.pairs[0].folds) {
    const auto test = of(p, fold.test), valid = of(p, fold.valid), train = of(p, fold.train);
    tested.insert(test.begin(), test.end());
    EXPECT_EQ(test.size() + valid.size() + train.size(), 5U);
    EXPECT_EQ(fold.test.size() + fold.valid.size() + fold.train.size(), 20U);
  }
  EXPECT_THAT(tested, ElementsAre("S0", "S1", "S2", "S3", "S4"));
  // 10 positives in sites of 2 into 3 folds: 4, 4 and 2.
  EXPECT_NEAR(p.sites[0].balance.largest, 4.0 / 3, 1e-9);
  EXPECT_TRUE(p.sites[0].balance.best);
}

TEST_F(SiteFolds, ArePartOfTheGridsIdentityAndInTheStoresRecord) {
  const GridRecord grouped = plan().grid;
  EXPECT_EQ(grouped.settings.at("groups"), "SITE");
  EXPECT_EQ(grouped.settings.at("data").at("site_groups").at("A").at("A07"), "S1");
  EXPECT_THAT(grouped.settings.at("data").at("site_groups"), SizeIs(1)) << "of training cohorts";
  grid("folds = 3");
  const GridRecord plain = plan().grid;
  EXPECT_NE(plain.identity, grouped.identity);
  EXPECT_FALSE(plain.settings.contains("groups"));
  EXPECT_FALSE(plain.settings.at("data").contains("site_groups"));
}

TEST_F(SiteFolds, EachSiteIsAFoldInTheOrderOfTheValues) {
  grid("groups = SITE\nfolds = one-per-group");
  const Plan p = plan();
  EXPECT_EQ(p.config.folds, 5);
  EXPECT_THAT(p.grid.cells, SizeIs(5 * p.config.methods.size()));
  const auto& folds = p.experiment.pairs[0].folds;
  ASSERT_THAT(folds, SizeIs(5));
  for (std::size_t f = 0; f < folds.size(); ++f) {
    EXPECT_THAT(of(p, folds[f].test), ElementsAre(fmt::format("S{}", f)));
  }
  EXPECT_EQ(p.grid.settings.at("folds"), "one-per-group");
}

TEST_F(SiteFolds, PairsMayHaveDifferentNumbersOfFolds) {
  small_.replace("c.ini", "auxiliaries = LF", "auxiliaries = LF, ITH");
  std::string table = "PATIENT,status,LF,ITH,SITE\n";
  for (int i = 0; i < 20; ++i) {
    table += fmt::format("A{:02},{},1,{},S{}\n", i, i % 2 == 0 ? "pos" : "neg", i / 4 == 2 ? "" : "1", i / 4);
  }
  small_.scratch().write("A/clini.csv", table);
  small_.scratch().write("B/clini.csv", "PATIENT,status,LF,ITH\nB00,pos,1,1\nB01,neg,1,1\n");
  grid("groups = SITE\nfolds = one-per-group\nmethods = naive");
  const Plan p = plan();
  EXPECT_THAT(p.experiment.pairs[0].folds, SizeIs(5));
  EXPECT_THAT(p.experiment.pairs[1].folds, SizeIs(4)) << "no patient of S2 has ITH";
  EXPECT_THAT(p.grid.cells, SizeIs(9));
  EXPECT_EQ(p.config.folds, 5);
}

TEST_F(SiteFolds, AFoldOfOneClassIsAWarningWhereEachSiteIsAFold) {
  sites([](int i) { return i == 0 || i == 2 ? std::string("P") : fmt::format("S{}", i / 7); });
  grid("groups = SITE\nfolds = one-per-group");
  EXPECT_THAT(plan().cohorts[0].warnings,
              Contains(AllOf(HasSubstr("test patients of one class: AUROC and AUPRC are not defined"),
                             HasSubstr("'P', fold 0 of MSI/LF"))));
}

TEST_F(SiteFolds, ASiteWithAllPatientsOfAClassLeavesNoneToTrainOn) {
  sites([](int i) { return i % 2 == 0 ? std::string("P") : fmt::format("N{}", i / 10); });
  grid("groups = SITE\nfolds = one-per-group");
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("a fold has all positive patients"), HasSubstr("'P', fold 2"))));
}

TEST_F(SiteFolds, PatientsWithoutASiteAreNamed) {
  sites([](int i) { return i == 3 ? std::string() : i == 5 ? std::string("NA") : fmt::format("S{}", i / 4); });
  EXPECT_THAT(problems(),
              ElementsAre(AllOf(HasSubstr("A/clini.csv, column 'SITE' (groups in [grid]): 2 patients have no value "
                                          "('A03' in row 5, 'A05' in row 7), 'NA' is read as a missing value"),
                                HasSubstr("enter their values"))));
}

TEST_F(SiteFolds, TooFewValuesAreRefusedWithTheWayOn) {
  sites([](int i) { return i < 10 ? "X" : "Y"; });
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("column 'SITE' has 2 values ('X', 'Y'), expected at least 3"),
                                            HasSubstr("write folds = 2 or less, or folds = one-per-group"))));
  sites([](int) { return "X"; });
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("has 1 value ('X'), so that no fold can be made")));
  grid("groups = SITE\nfolds = one-per-group");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("has 1 value ('X'), so that no fold can be made")));
}

TEST_F(SiteFolds, AFoldWithoutAClassIsRefusedWithTheReason) {
  sites([](int i) { return i % 2 == 0 ? fmt::format("P{}", i / 10) : fmt::format("N{}", i / 5); });
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("only 2 of the 6 values of column 'SITE' have positive patients"),
                                            HasSubstr("write folds = 2 or less"))));
}

TEST_F(SiteFolds, OneSiteWithMostPatientsIsAWarning) {
  sites([](int i) { return i < 14 ? std::string("BIG") : fmt::format("S{}", i / 2); });
  const Plan p = plan();
  EXPECT_THAT(p.cohorts[0].warnings, Contains(HasSubstr("'BIG' has 14 of 20 patients of pair MSI/LF")));
  EXPECT_NEAR(p.sites[0].balance.largest, 7 - 10 / 3.0, 1e-9) << "of which no division has less";
  EXPECT_TRUE(p.sites[0].balance.best);
}

TEST_F(SiteFolds, ValuesThatMayBeOneAreAWarning) {
  sites([](int i) { return i < 4 ? "Aachen" : i < 8 ? "aachen" : i < 12 ? "Unknown" : i < 16 ? "Ulm" : "Kiel"; });
  const auto warnings = plan().cohorts[0].warnings;
  EXPECT_THAT(warnings, Contains(HasSubstr("'Aachen' (4 patients) and 'aachen' (4 patients) in letter case")));
  EXPECT_THAT(warnings, Contains(HasSubstr("'Unknown' (4 patients, rows 10, 11, 12, ...) may stand for a missing")));
}

TEST_F(SiteFolds, ValuesOfOnePatientEachAreAWarning) {
  sites([](int i) { return std::to_string(i); });
  EXPECT_THAT(plan().cohorts[0].warnings, Contains(HasSubstr("each of its 20 values has one patient")));
}

TEST_F(SiteFolds, ValidationIsByPatientWhereOneSiteIsLeft) {
  sites([](int i) { return i < 10 ? "X" : "Y"; });
  grid("groups = SITE\nfolds = 2");
  EXPECT_THAT(plan().cohorts[0].warnings,
              Contains(AllOf(HasSubstr("validation patients are split off by patient and not in whole site groups"),
                             HasSubstr("(2 times: fold 0 of MSI/LF, fold 1 of MSI/LF)"))));
}

TEST_F(SiteFolds, TheColumnMayBeAbsentMisspelledOrQuoted) {
  grid("groups = Sites\nfolds = 3");
  EXPECT_THAT(problems(),
              ElementsAre(AllOf(HasSubstr("no column 'Sites'"), HasSubstr("'SITE'"), HasSubstr("(groups in [grid])"))));
  small_.replace("A/clini.csv", "SITE", "\"Tissue, source: site\"");
  grid("groups = \"Tissue, source: site\"\nfolds = 3");
  EXPECT_THAT(plan().sites[0].values, SizeIs(5));
}

TEST_F(SiteFolds, RowsOfAPatientMustAgreeInTheSite) {
  small_.replace("A/clini.csv", "A01,neg", "A00,pos,0.5,S4\nA01,neg");
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("1 patient has rows that differ in 'SITE'"),
                                            HasSubstr("'A00' ('S0' in row 2, 'S4' in row 3)"))));
}

TEST_F(SiteFolds, AFileOfSplitsMustKeepSitesWhole) {
  small_.replace("c.ini", "auxiliaries = LF", "auxiliaries = LF\nsplits = splits.csv");
  std::string whole = "PATIENT,fold\n", divided = whole;
  for (int i = 0; i < 20; ++i) {
    whole += fmt::format("A{:02},{}\n", i, i / 8);
    divided += fmt::format("A{:02},{}\n", i, i / 7);
  }
  small_.scratch().write("splits.csv", whole);
  const Plan p = plan();
  EXPECT_THAT(of(p, p.experiment.pairs[0].folds[2].test), ElementsAre("S4"));
  for (const PairFold& fold : p.experiment.pairs[0].folds) {
    EXPECT_EQ(of(p, fold.valid).size() + of(p, fold.train).size() + of(p, fold.test).size(), 5U) << "validation too";
  }
  small_.scratch().write("splits.csv", divided);
  EXPECT_THAT(problems(),
              ElementsAre(AllOf(HasSubstr("patients with one value of 'SITE' (groups in [grid]) are in two parts"),
                                HasSubstr("'S1' in fold '0'"), HasSubstr("leave groups out of [grid]"))));
}

TEST_F(SiteFolds, KeysThatDoNotFitAreRefusedWithTheirLine) {
  grid("groups = status\nfolds = 3");
  EXPECT_THAT(problems(), Contains(HasSubstr("column 'status' is also groups in [grid]")));
  grid("folds = one-per-group");
  EXPECT_THAT(problems(), Contains(HasSubstr("c.ini, line 3: [grid] folds: 'one-per-group' needs groups = COLUMN")));
  grid("groups = SITE\nfolds = one-per-group");
  small_.replace("c.ini", "auxiliaries = LF", "auxiliaries = LF\nsplits = splits.csv");
  EXPECT_THAT(problems(), Contains(HasSubstr("[biomarker.MSI] splits: the file decides the folds")));
}

}  // namespace
}  // namespace mtlgrid
