// What looks like a patient, a label or a table and is another: guesses that would make results wrong in silence.
#include <fmt/format.h>

#include "tests/orchestrator/proposal/study.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr int kSlides = 36;

// Slides S00 to S35, three of each of the patients P00 to P11.
std::string slide(int i) { return fmt::format("S{:02}", i); }

void add_slides(Study& study, const std::string& folder = "feats") {
  for (int i = 0; i < kSlides; ++i) study.features(fmt::format("{}/{}.h5", folder, slide(i)));
}

std::string all_row(int i) {
  return fmt::format("{},{},{},{}.5", patient(i / 3), slide(i), i / 3 % 3 == 0 ? "MSIH" : "nonMSIH", i / 3);
}

TEST(Traps, ATableThatNamesOnlySlidesMakesNoPatientsOfThem) {
  Study study;
  add_slides(study);
  study.table("dataset.csv", "case_id,slide_id,MSI,LF", kSlides, all_row);
  study.table("splits/splits_0_bool.csv", ",train,val,test", kSlides,
              [](int i) { return fmt::format("{},{},False,{}", slide(i), i % 5 ? "True" : "False", i % 5 == 0); });
  study.table("slide_qc.csv", "slide_id,q", kSlides, [](int i) { return fmt::format("{},{}.25", slide(i), i); });
  study.propose();
  EXPECT_EQ(study.config().cohorts.at(0).patient_column, "case_id");
  EXPECT_EQ(study.config().cohorts[0].slides, study.folder() / "dataset.csv");
}

TEST(Traps, ColumnsOfPatientsComeBeforeThoseOfBlocks) {
  for (const char* patients : {"patient_id", "Fall"}) {
    Study study;
    add_slides(study);
    study.table("clini.csv", fmt::format("block_id,{},MSI,LF", patients), 18, [](int i) {
      return fmt::format("B{},{},{},{}.5", i, patient(i / 3 * 2), i / 3 % 2 ? "MSS" : "MSI", i);
    });
    study.table("slides.csv", fmt::format("block_id,slide,{}", patients), kSlides,
                [](int i) { return fmt::format("B{},{},{}", i / 2, slide(i), patient(i / 6 * 2)); });
    EXPECT_THAT(study.propose().configuration, HasSubstr(fmt::format("\npatient_column = {}\n", patients)));
  }
}

TEST(Traps, WhereNothingNamesThePatientsColumnThatIsSaid) {
  Study study;
  add_slides(study);
  study.table("clini.csv", "file,MSI,LF", kSlides,
              [](int i) { return fmt::format("{},{},{}.5", slide(i), i % 3 ? "MSS" : "MSI", i); });
  EXPECT_THAT(study.propose().summary, Contains(HasSubstr("no column puts these files together by patient")));
  Study coarser;
  add_slides(coarser);
  coarser.table("clini.csv", "block,who,MSI,LF", 18,
                [](int i) { return fmt::format("B{},w{},{},{}.5", i, i / 3, i / 3 % 2 ? "MSS" : "MSI", i); });
  coarser.table("slides.csv", "block,slide,who", kSlides,
                [](int i) { return fmt::format("B{},{},w{}", i / 2, slide(i), i / 6); });
  EXPECT_THAT(coarser.propose().summary,
              Contains(AllOf(HasSubstr("column 'who'"), HasSubstr("into 6 groups instead of 18"))));
}

TEST(Traps, FilesBesideThoseCalledAsThePatientAreThePatientsToo) {
  Study study;
  study.table("clini.csv", "PATIENT,MSI,LF", 12, [](int i) { return clini_row(i, "MSIH", "nonMSIH"); });
  for (int i = 0; i < 12; ++i) study.features(fmt::format("feats/{}.h5", patient(i)));
  for (int i = 0; i < 4; ++i) study.features(fmt::format("feats/{}_2.h5", patient(i)));
  const Proposal& proposal = study.propose();
  ASSERT_EQ(proposal.slide_tables.size(), 1u);
  EXPECT_THAT(proposal.slide_tables[0].second, HasSubstr("P01,P01_2.h5\n"));
}

TEST(Traps, CohortsThatShareAFolderOfFeaturesAreBothFound) {
  Study study;
  for (const char* cohort : {"TCGA", "CPTAC"}) {
    const int patients = cohort[0] == 'T' ? 15 : 12;
    study.table(fmt::format("{} clini.csv", cohort), "PATIENT,HRD,ITH", patients,
                [&](int i) { return fmt::format("{}-{:02},{},{}.5", cohort, i, i % 3 ? "nonHRD" : "HRD", i); });
    for (int i = 0; i < patients; ++i) study.features(fmt::format("feats/{}-{:02}-DX1.h5", cohort, i));
  }
  study.propose();
  const Config config = study.config();
  ASSERT_EQ(config.cohorts.size(), 2u);
  EXPECT_EQ(config.cohorts[0].name, "CPTAC clini");
  EXPECT_EQ(config.biomarkers.at(0).train, "TCGA clini");
  EXPECT_THAT(config.biomarkers[0].external, ElementsAre("CPTAC clini"));
}

TEST(Traps, ACohortsNameThatBeginsItsFilesIsNoPatient) {
  Study study;
  study.table("clini.csv", "cohort,PATIENT,HRD,ITH", 24, [](int i) {
    return fmt::format("{0},{0}-{1:02},{2},{1}.5", i < 12 ? "TCGA" : "CPTAC", i, i % 3 ? "nonHRD" : "HRD");
  });
  for (int i = 0; i < 12; ++i) study.features(fmt::format("TCGA/feats/TCGA-{:02}.h5", i));
  EXPECT_THAT(study.propose().slide_tables, IsEmpty());
  EXPECT_EQ(study.config().cohorts.at(0).patient_column, "PATIENT");
}

TEST(Traps, AnotherTableWithOtherLabelsOfThePatientsIsNamed) {
  Study study;
  for (const int year : {2022, 2024}) {
    study.table(fmt::format("clini_{}.csv", year), "PATIENT,MSI,LF", 12, [&](int i) {
      return clini_row(year == 2024 && i == 3 ? 1 : i, "MSIH", "nonMSIH").replace(0, 3, patient(i));
    });
  }
  for (int i = 0; i < 12; ++i) study.features(fmt::format("feats/{}.h5", patient(i)));
  EXPECT_THAT(study.propose().summary,
              Contains(HasSubstr("clini_2024.csv has column 'MSI' too, with other values for 1 of 12 patients")));
}

TEST(Traps, SignaturesOfAnotherTableComeWithTheLineThatJoinsThem) {
  Study study;
  study.table("clini.csv", "PATIENT,MSI", 12,
              [](int i) { return fmt::format("{},{}", patient(i), i % 3 ? "MSS" : "MSI"); });
  study.table("mmc2.csv", "TCGA Participant Barcode,Leukocyte Fraction,Proliferation", 12,
              [](int i) { return fmt::format("{},{}.5,{}.25", patient(i), i, i); });
  for (int i = 0; i < 12; ++i) study.features(fmt::format("feats/{}.h5", patient(i)));
  const Proposal& proposal = study.propose();
  EXPECT_THAT(proposal.summary, Contains(AllOf(HasSubstr("mmc2.csv has LF, Prolif of these patients"),
                                               HasSubstr("right_on='TCGA Participant Barcode'"))));
  EXPECT_THAT(proposal.configuration, Not(HasSubstr("slides = ")));
}

TEST(Traps, TablesBelowATitleArePassedOverAndTheRowIsNamed) {
  Study study;
  study.table(
      "clini.csv", "Export 2024,,,\nPATIENT,sex,MSI,LF\n" + [] {
        std::string rows;
        for (int i = 0; i < 12; ++i) {
          rows += fmt::format("{},{},{},{}.5\n", patient(i), i % 2 ? "male" : "female", i % 3 ? "no" : "yes", i);
        }
        return rows;
      }());
  for (int i = 0; i < 12; ++i) study.features(fmt::format("feats/{}.h5", patient(i)));
  EXPECT_THAT(study.problems(), Contains(HasSubstr("row 2 looks like the header")));
}

TEST(Traps, ColumnsWithoutANameAreNoLabels) {
  Study study;
  study.table("clini.csv", "PATIENT,,LF", 12, [](int i) { return clini_row(i, "MSIH", "nonMSIH"); });
  for (int i = 0; i < 12; ++i) study.features(fmt::format("feats/{}.h5", patient(i)));
  EXPECT_THAT(study.propose().configuration, Not(HasSubstr("Unnamed")));
}

TEST(Traps, NamesThatNoConfigurationCanHaveAreNotWritten) {
  Study study;
  study.table("clini.csv", "PATIENT,HRD,MSI,LF,\"a\nb\"", 12, [](int i) {
    return fmt::format("{},{},{},{}.5,{}.25", patient(i), i % 3 ? "HRD" : "nonHRD", i % 3 ? "MSS" : "\"MSI\nhigh\"", i,
                       i);
  });
  study.table("other\n[train]\nepochs = 99.csv", "PATIENT,HRD", 1, [](int) { return "P00,HRD"; });
  for (int i = 0; i < 12; ++i) study.features(fmt::format("$HOME/{}.h5", patient(i)));
  for (int i = 0; i < 3; ++i) study.features(fmt::format("feats\nmissing = P001/{}.h5", patient(i)));
  const Proposal& proposal = study.propose();
  EXPECT_THAT(proposal.summary, Contains(HasSubstr("2 paths with line breaks")));
  const Config config = study.config();
  EXPECT_EQ(config.cohorts.at(0).features, study.folder() / "$HOME");
  EXPECT_EQ(config.cohorts.size(), 1u);
  ASSERT_EQ(config.biomarkers.size(), 1u);
  EXPECT_THAT(proposal.configuration, HasSubstr("column MSI of cohort"));
  EXPECT_THAT(proposal.configuration, Not(HasSubstr("epochs")));
}

TEST(Traps, ThePositiveClassIsByTheWordAndNotByItsEnding) {
  struct Case {
    const char *positive, *negative;
  };
  for (const auto& [positive, negative] : {Case{"instabil", "stabil"},
                                           {"instable", "stable"},
                                           {"abnormal", "normal"},
                                           {"HPV+", "HPV-"},
                                           {"Loss", "Retained"},
                                           {"Methylated", "Unmethylated"},
                                           {"dMMR", "pMMR"},
                                           {"HRD", "non-HRD"},
                                           {"mutiert", "Wildtyp"},
                                           {"detected", "not detected"}}) {
    Study study;
    study.table("clini.csv", "PATIENT,marker,LF", 12, [&](int i) { return clini_row(i + 1, negative, positive); });
    for (int i = 0; i < 14; ++i) study.features(fmt::format("feats/{}.h5", patient(i)));
    study.propose();
    EXPECT_THAT(study.config().biomarkers.at(0).rule.positive, ElementsAre(positive)) << negative;
  }
}

TEST(Traps, SpellingsOfAClassAndMutationsOfAGeneAreOneClass) {
  Study study;
  study.table("clini.csv", "PATIENT,MSI,KRAS,ER,LF", 12, [](int i) {
    const char* msi[] = {"MSI", "MSS", "MSS", "Mss"};
    const char* kras[] = {"G12D", "wt", "G13D", "wt"};
    return fmt::format("{},{},{},{},{}.5", patient(i), msi[i % 4], kras[i % 4], i % 2 ? "+" : "-", i);
  });
  for (int i = 0; i < 12; ++i) study.features(fmt::format("feats/{}.h5", patient(i)));
  const std::string text = study.propose().configuration;
  const Config config = study.config();
  ASSERT_EQ(config.biomarkers.size(), 2u);
  const bool first = config.biomarkers[0].name == "MSI";
  EXPECT_THAT(config.biomarkers[first ? 0 : 1].rule.negative, UnorderedElementsAre("MSS", "Mss"));
  EXPECT_THAT(config.biomarkers[first ? 1 : 0].rule.positive, UnorderedElementsAre("G12D", "G13D"));
  EXPECT_THAT(text, HasSubstr("column ER of cohort")) << "a known biomarker that is not proposed is told";
}

TEST(Traps, FeaturesCutLikeTheOtherCohortsAreTakenAndOthersAreNoExternal) {
  Study study;
  for (const char* cohort : {"A", "B"}) {
    study.table(fmt::format("{}/clini.csv", cohort), "PATIENT,HRD,ITH", 12,
                [&](int i) { return fmt::format("{}{:02},{},{}.5", cohort, i, i % 3 ? "nonHRD" : "HRD", i); });
    for (int i = 0; i < 12; ++i) {
      if (cohort[0] == 'A') study.layout(fmt::format("A/1_112um/A{:02}.h5", i), "stamp_2_5.h5");
      study.layout(fmt::format("{0}/2_256um/{0}{1:02}.h5", cohort, i), "stamp_2_1.h5");
    }
  }
  study.propose();
  for (const CohortFiles& cohort : study.config().cohorts) EXPECT_EQ(cohort.features.filename(), "2_256um");
  Study apart;
  for (const char* cohort : {"A", "B"}) {
    apart.table(fmt::format("{}/clini.csv", cohort), "PATIENT,HRD,ITH", 12,
                [&](int i) { return fmt::format("{}{:02},{},{}.5", cohort, i, i % 3 ? "nonHRD" : "HRD", i); });
    for (int i = 0; i < 12; ++i) {
      apart.layout(fmt::format("{0}/f/{0}{1:02}.h5", cohort, i), cohort[0] == 'A' ? "stamp_2_5.h5" : "stamp_2_1.h5");
    }
  }
  EXPECT_THAT(apart.propose().configuration, HasSubstr("it has other features: tiles of "));
  EXPECT_TRUE(apart.config().biomarkers.at(0).external.empty());
}

}  // namespace
}  // namespace mtlgrid::testing
