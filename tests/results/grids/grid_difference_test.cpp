#include "results/grids/grid_difference.h"

#include <gmock/gmock.h>

#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A grid of one biomarker, trained on A and tested on B, as a run registers it.
GridRecord registered() {
  GridRecord grid;
  grid.identity = "here";
  grid.settings = json::parse(R"({
    "seed": 1337, "split_seed": 1337, "folds": 2, "file": "/x/grid.ini", "store": "/x/grid.db", "methods": ["naive"],
    "protocol": {"name": "paper", "epsilons": false, "extra_patience": 0},
    "train": {"epochs": 7, "lr": 0.0001, "validation": 0.2},
    "bootstrap": {"resamples": 1000},
    "biomarkers": {"MSI": {"train": "A", "external": ["B"], "label": "status", "ignore": [],
                           "auxiliaries": {"LF": "Leukocyte Fraction"}}},
    "data": {"features": {"A": {"P1": "f1", "P2": "f2"}, "B": {"Q1": "f3"}},
             "labels": {"MSI": {"A": {"P1": 1, "P2": 0}, "B": {"Q1": 1}}},
             "targets": {"A": {"Leukocyte Fraction": {"P1": 0.5, "P2": 1.5}},
                         "B": {"Leukocyte Fraction": {"Q1": null}}}}})");
  for (const int fold : {0, 1}) {
    grid.splits.push_back({"MSI", "LF", fold, "P1", fold == 0 ? "train" : "test"});
    grid.splits.push_back({"MSI", "LF", fold, "P2", fold == 1 ? "train" : "test"});
  }
  return grid;
}

// Differences of registered() from the grid that `change` makes of it.
template <typename Change>
GridDifferences from(Change&& change) {
  GridRecord other = registered();
  change(other);
  return differences(content_of(registered()), content_of(other));
}
GridDifferences from_settings(const char* pointer, const json& value) {
  return from([&](GridRecord& g) { g.settings[json::json_pointer(pointer)] = value; });
}

TEST(GridDifference, SettingsAreNamedAsInTheConfigurationWithBothValues) {
  EXPECT_THAT(from_settings("/train/epochs", 6).lines(), ElementsAre("[train] epochs 7, there 6"));
  EXPECT_THAT(from_settings("/split_seed", 7).lines(), ElementsAre("[grid] split_seed 1337, there 7"));
  EXPECT_THAT(from_settings("/train/lr", 0.001).lines(), ElementsAre("[train] lr 0.0001, there 0.001"));
  EXPECT_THAT(from_settings("/biomarkers/MSI/external", json::array({"B", "C"})).lines(),
              ElementsAre("[biomarker.MSI] external B, there B, C"));
  EXPECT_THAT(from_settings("/biomarkers/MSI/ignore", json::array({"Unknown"})).lines(),
              ElementsAre("[biomarker.MSI] ignore not set, there Unknown"));
  EXPECT_THAT(from_settings("/biomarkers/MSI/auxiliaries", json{{"LF", "LF"}}).lines(),
              ElementsAre("[biomarker.MSI] auxiliaries LF: Leukocyte Fraction, there LF"));
}

TEST(GridDifference, AProtocolIsNamedAndAMixtureToldByItsSettings) {
  const json released = {{"name", "released-code"}, {"epsilons", true}, {"extra_patience", 1}};
  EXPECT_THAT(from_settings("/protocol", released).lines(), ElementsAre("[grid] protocol paper, there released-code"));
  const json custom = {{"name", "custom"}, {"epsilons", true}, {"extra_patience", 0}};
  EXPECT_THAT(from_settings("/protocol", custom).lines(), ElementsAre("[protocol] epsilons no, there yes"));
}

TEST(GridDifference, ABiomarkerOfOneGridIsOneLine) {
  EXPECT_THAT(from([](GridRecord& g) { g.settings["biomarkers"]["HRD"] = g.settings["biomarkers"]["MSI"]; }).lines(),
              ElementsAre("[biomarker.HRD] only there"));
}

TEST(GridDifference, InitialWeightsAreComparedByContent) {
  const auto with = [](const char* file, const char* hash) {
    return [=](GridRecord& g) { g.settings["init"] = {{"file", file}, {"hash", hash}}; };
  };
  const GridDifferences found = from(with("/w/a.pt", "0123456789abcdef"));
  EXPECT_THAT(found.lines(), ElementsAre("[train] init not set, there /w/a.pt (0123456789ab)"));
  EXPECT_EQ(found.way_back(), "write init = /w/a.pt in [train]");
  GridRecord a = registered(), b = registered();
  with("/w/a.pt", "same")(a);
  with("/moved/a.pt", "same")(b);
  EXPECT_TRUE(differences(content_of(a), content_of(b)).settings.empty());
}

TEST(GridDifference, PathsMethodsBootstrapAndRecordedClassesAreNone) {
  const GridDifferences found = from([](GridRecord& g) {
    g.settings["file"] = g.settings["store"] = "/elsewhere";
    g.settings["methods"] = {"naive", "cagrad"};
    g.settings["bootstrap"]["resamples"] = 5;
    g.settings["classes"]["MSI"] = "positive: MSIH, negative: nonMSIH";  // found in the data; earlier versions did not
  });
  EXPECT_THAT(found.lines(), ElementsAre(HasSubstr("does not record")));
}

TEST(GridDifference, ValuesNameThePatientAndBoth) {
  EXPECT_THAT(from_settings("/data/targets/A/Leukocyte Fraction/P2", 0.48).lines(),
              ElementsAre("targets of cohort A differ for 1 patient: P2 (Leukocyte Fraction 1.5, there 0.48)"));
  EXPECT_THAT(from_settings("/data/targets/B/Leukocyte Fraction/Q1", 2.0).lines(),
              ElementsAre("targets of cohort B differ for 1 patient: Q1 (Leukocyte Fraction none, there 2)"));
  EXPECT_THAT(from_settings("/data/labels/MSI/B/Q1", 0).lines(),
              ElementsAre("labels of cohort B differ for 1 patient: Q1 (MSI positive, there negative)"));
  EXPECT_THAT(from_settings("/data/features/B/Q1", "other").lines(),
              ElementsAre("features of cohort B differ for 1 patient: Q1"));
}

TEST(GridDifference, APatientOfOneGridIsNamedOnce) {
  const GridDifferences found = from([](GridRecord& g) {
    g.settings["data"]["features"]["A"].erase("P2");
    g.settings["data"]["labels"]["MSI"]["A"].erase("P2");
    SplitRows left;
    for (const SplitRow& row : g.splits) {
      if (row.patient != "P2") left.push_back(row);
    }
    g.splits = left;
  });
  EXPECT_THAT(found.lines(), ElementsAre("patients of cohort A differ for 1 patient: P2 (MSI/LF: only here)"));
  EXPECT_THAT(from([](GridRecord& g) { g.settings["data"]["labels"]["MSI"]["B"]["Q9"] = 0; }).lines(),
              ElementsAre("patients of cohort B differ for 1 patient: Q9 (MSI: only there)"));
}

TEST(GridDifference, ThreePatientsAreNamedAndAllCounted) {
  const GridDifferences found = from([](GridRecord& g) {
    for (int i = 0; i < 7; ++i) g.settings["data"]["labels"]["MSI"]["B"]["Q1" + std::to_string(i)] = 0;
  });
  ASSERT_THAT(found.data, SizeIs(1));
  EXPECT_EQ(found.data[0].patients, 7U);
  EXPECT_THAT(found.data[0].examples, SizeIs(3));
  EXPECT_THAT(found.lines()[0], ::testing::EndsWith(" and 4 more"));
}

TEST(GridDifference, FoldsAreToldOnlyWhereNothingElseExplainsThem) {
  const auto swap = [](GridRecord& g) {
    SplitRows swapped;
    for (const SplitRow& row : g.splits) {
      const bool first = swapped.size() < 2;
      swapped.push_back(
          {row.biomarker, row.auxiliary, row.fold, row.patient, first ? g.splits[1 - swapped.size()].role : row.role});
    }
    g.splits = swapped;
  };
  EXPECT_THAT(from(swap).lines(), ElementsAre("folds of MSI/LF differ for 2 patients: P1, P2"));
  const GridDifferences found = from([&](GridRecord& g) {
    swap(g);
    g.settings["split_seed"] = 7;
  });
  EXPECT_THAT(found.lines(), ElementsAre("[grid] split_seed 1337, there 7"));
}

TEST(GridDifference, SummaryHasTheValuesHereAndThreeItems) {
  EXPECT_EQ(from_settings("/train/epochs", 6).summary(), "[train] epochs 7");
  EXPECT_EQ(from_settings("/data/labels/MSI/B/Q1", 0).summary(), "labels of cohort B: Q1 MSI positive");
  const GridDifferences many = from([](GridRecord& g) {
    g.settings["train"] = {{"epochs", 1}, {"lr", 1}, {"validation", 0.5}};
    g.settings["seed"] = 1;
  });
  EXPECT_THAT(many.summary(), ::testing::EndsWith("; and 1 more"));
  EXPECT_EQ(many.way_back(), "restore its settings");
}

TEST(GridDifference, TheWayBackIsWhatToWrite) {
  EXPECT_EQ(from_settings("/train/epochs", 6).way_back(), "write epochs = 6 in [train]");
  EXPECT_EQ(from_settings("/biomarkers/MSI/external", json::array()).way_back(),
            "leave external out of [biomarker.MSI]");
  EXPECT_EQ(from_settings("/data/labels/MSI/B/Q1", 0).way_back(), "restore the data named above");
}

TEST(GridDifference, TheWayBackHasQuotesWhereAConfigurationNeedsThem) {
  EXPECT_EQ(from_settings("/biomarkers/MSI/label", "MSI, by PCR").way_back(),
            R"(write label = "MSI, by PCR" in [biomarker.MSI])");
  EXPECT_EQ(from_settings("/biomarkers/MSI/positive", json::array({"high, sure", "MSI-H"})).way_back(),
            R"(write positive = "high, sure", MSI-H in [biomarker.MSI])");
  EXPECT_EQ(from_settings("/biomarkers/MSI/auxiliaries", {{"LF", "LF: score"}, {"ITH", "ITH"}}).way_back(),
            R"(write auxiliaries = ITH, LF: "LF: score" in [biomarker.MSI])");
}

TEST(GridDifference, SettingsOfAnotherShapeAreNoError) {
  for (const char* text : {"null", "[]", "7", R"({"biomarkers": 3, "protocol": [], "data": {"labels": {"MSI": 1}}})"}) {
    EXPECT_GT(from([&](GridRecord& g) { g.settings = json::parse(text); }).count(), 0U) << text;
  }
}

// Registrations of earlier versions have no data: their predictions tell labels and targets.
class GridsOfEarlierVersions : public StoreTest {
 protected:
  // What `changed` differs in from a stored grid with a result, whose patients are zoe (1, 1.5) and ann (0, none).
  GridDifferences of(const json& labels, const json& targets) {
    GridRecord old = grid("old");
    old.settings["biomarkers"] = {{"MSI", {{"train", "TCGA-CRC"}, {"auxiliaries", {{"LF", "LF"}}}}}};
    {
      Store store = open();
      store.use_grid(old);
      store.commit_result(result(cell(0)));
    }
    GridRecord changed = old;
    changed.identity = "new";
    changed.settings["data"] = {{"features", json::object()},
                                {"labels", {{"MSI", {{"TCGA-CRC", labels}}}}},
                                {"targets", {{"TCGA-CRC", {{"LF", targets}}}}}};
    return differences(content_of(changed), read_content(open_for_reading(file), 1));
  }
};

TEST_F(GridsOfEarlierVersions, TellByTheirPredictionsWhoseValueChanged) {
  EXPECT_THAT(of({{"zoe", 1}, {"ann", 0}, {"tom", 1}}, {{"zoe", 2.5}, {"ann", 4.0}}).lines(),
              ElementsAre("targets of cohort TCGA-CRC differ for 1 patient: zoe (LF 2.5, there 1.5)"))
      << "of ann no value is known, of tom nothing";
}

TEST_F(GridsOfEarlierVersions, SettingsThatAreNoJsonAreNoError) {
  { open_grid(); }
  Database database(file, Database::Mode::read_write);
  database.execute("PRAGMA ignore_check_constraints = ON");
  Statement spoil = database.prepare("UPDATE grids SET settings = ?");
  for (const std::string& text : {std::string("{"), std::string(1'000'000, '[') + std::string(1'000'000, ']')}) {
    spoil.bind_all(text).run();
    EXPECT_TRUE(read_content(database, 1).settings.is_null());
    EXPECT_GT(differences(content_of(registered()), read_content(database, 1)).count(), 0U);
  }
}

TEST_F(GridsOfEarlierVersions, SayThatNothingIsKnown) {
  EXPECT_THAT(of({{"zoe", 1}, {"ann", 0}}, {{"zoe", 1.5}}).lines(),
              ElementsAre(StartsWith("features, labels or targets differ (an earlier version")));
}

}  // namespace
}  // namespace mtlgrid::testing
