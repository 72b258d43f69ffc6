// Folders as STAMP, CLAM and TRIDENT leave them: which files and columns are found, and what is made where they do not
// fit.
#include <fmt/format.h>

#include "tests/orchestrator/proposal/study.h"

namespace mtlgrid::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kPatients = 12;

std::string msi_row(int i) { return clini_row(i, "MSIH", "nonMSIH"); }

TEST(Layouts, AStampFolderIsTakenAsItIs) {
  Study study;
  study.table("clini.csv", "PATIENT,isMSIH,LF", kPatients, msi_row);
  study.table("slide.csv", "PATIENT,FILENAME", kPatients,
              [](int i) { return fmt::format("{0},{0}-1.h5", patient(i)); });
  for (int i = 0; i < kPatients; ++i) study.features(fmt::format("feats/xiyuewang-ctranspath/{}-1.h5", patient(i)));
  EXPECT_THAT(study.propose().slide_tables, IsEmpty());
  const Config config = study.config();
  ASSERT_EQ(config.cohorts.size(), 1u);
  const CohortFiles& cohort = config.cohorts[0];
  EXPECT_EQ(cohort.name, study.folder().filename().string());
  EXPECT_EQ(cohort.clini, study.folder() / "clini.csv");
  EXPECT_EQ(cohort.slides, study.folder() / "slide.csv");
  EXPECT_EQ(cohort.features, study.folder() / "feats/xiyuewang-ctranspath");
  EXPECT_EQ(cohort.patient_column, "PATIENT");
  EXPECT_EQ(cohort.filename_column, "FILENAME");
  ASSERT_EQ(config.biomarkers.size(), 1u);
  EXPECT_EQ(config.biomarkers[0].name, "MSI");
  EXPECT_THAT(config.biomarkers[0].rule.positive, ElementsAre("MSIH"));
  EXPECT_THAT(config.biomarkers[0].rule.negative, ElementsAre("nonMSIH"));
  EXPECT_EQ(config.biomarkers[0].auxiliaries[0].name, "LF");
  EXPECT_EQ(config.folds, 4);  // four patients are positive
}

TEST(Layouts, OneTableOfClamIsBothClinicalAndSlideTable) {
  Study study;
  study.table("dataset.csv", "case_id,slide_id,label,Leukocyte Fraction", 2 * kPatients, [](int i) {
    return fmt::format("{},{}-{},{},{}.25", patient(i / 2), patient(i / 2), i % 2, i / 2 % 3 == 0 ? "mutated" : "wt",
                       i / 2);
  });
  for (int i = 0; i < 2 * kPatients; ++i) {
    const std::string name = fmt::format("{}-{}", patient(i / 2), i % 2);
    study.features("FEATURES/h5_files/" + name + ".h5", "");
    study.table("FEATURES/pt_files/" + name + ".pt", "of the same slide");
    study.table("patches/" + name + ".h5", "coordinates");
  }
  const Proposal& proposal = study.propose();
  EXPECT_THAT(proposal.slide_tables, IsEmpty());
  for (const std::string& line : proposal.summary) EXPECT_THAT(line, Not(HasSubstr("passed over")));
  const CohortFiles cohort = study.config().cohorts.at(0);
  EXPECT_EQ(cohort.clini, cohort.slides);
  EXPECT_EQ(cohort.features, study.folder() / "FEATURES/h5_files");
  EXPECT_EQ(cohort.patient_column, "case_id");
  EXPECT_EQ(cohort.filename_column, "slide_id");
  EXPECT_EQ(study.config().biomarkers.at(0).auxiliaries.at(0).name, "LF");
  EXPECT_EQ(study.config().biomarkers.at(0).auxiliaries.at(0).column, "Leukocyte Fraction");
}

TEST(Layouts, NamesOfSlidesWithFoldersAndSuffixesGetASlideTable) {
  Study study;
  study.table("clini.csv", "case_id,slide,KRAS,LF", kPatients,
              [](int i) { return fmt::format("{0},/data/wsi/{0}-a.svs,{1},{2}.5", patient(i), i % 2, i); });
  for (int i = 0; i < kPatients; ++i)
    study.features(fmt::format("20x_256px_0px_overlap/features_uni/{}-a.h5", patient(i)));
  const Proposal& proposal = study.propose();
  ASSERT_EQ(proposal.slide_tables.size(), 1u);
  EXPECT_THAT(proposal.slide_tables[0].second, HasSubstr("\nP03,P03-a.h5\n"));
  EXPECT_THAT(proposal.configuration, HasSubstr("12 of 12 rows name files in column 'slide' of clini.csv"));
  EXPECT_EQ(study.config().cohorts.at(0).slides, proposal.slide_tables[0].first);
  EXPECT_EQ(study.config().cohorts.at(0).slide_patient_column, "PATIENT");
}

TEST(Layouts, WithoutASlideTablePatientsBeginTheNamesOfFiles) {
  Study study;
  study.table("clini.tsv", "bcr_patient_barcode\tMSI status\tITH", kPatients,
              [](int i) { return fmt::format("TCGA-AA-{:04}\t{}\t{}.5", i, i % 3 == 0 ? "MSI-H" : "MSS", i); });
  for (int i = 0; i < kPatients; ++i) study.features(fmt::format("feats/TCGA-AA-{:04}-01Z-00-DX1.h5", i));
  study.features("feats/TCGA-AA-00001-01Z.h5");  // no patient's: 0000 is not the beginning of another number
  const Proposal& proposal = study.propose();
  ASSERT_EQ(proposal.slide_tables.size(), 1u);
  EXPECT_THAT(proposal.slide_tables[0].second, HasSubstr("TCGA-AA-0003,TCGA-AA-0003-01Z-00-DX1.h5\n"));
  EXPECT_THAT(proposal.slide_tables[0].second, Not(HasSubstr("00001")));
  EXPECT_THAT(proposal.configuration, HasSubstr("the names of 12 of 13 files begin with a value"));
}

TEST(Layouts, OtherFeaturesOfThePatientsAreAComment) {
  Study study;
  study.table("clini.csv", "PATIENT,HRD,Prolif", kPatients, [](int i) { return clini_row(i, "HRD", "nonHRD"); });
  study.table("slide.csv", "PATIENT,FILENAME", kPatients, [](int i) { return fmt::format("{0},{0}", patient(i)); });
  for (int i = 0; i < kPatients; ++i) {
    study.features(fmt::format("out/features_conch/{}.h5", patient(i)), "conch", 2);
    study.features(fmt::format("out/features_ctranspath/{}.h5", patient(i)));
  }
  const std::string text = study.propose().configuration;
  EXPECT_EQ(study.config().cohorts.size(), 1u);
  EXPECT_EQ(study.config().cohorts[0].features, study.folder() / "out/features_ctranspath");
  EXPECT_THAT(
      text, HasSubstr("; other features of these patients: features = out/features_conch (12 files, extractor conch"));
}

TEST(Layouts, SubFoldersOfOneExtractorAreOneFolder) {
  Study study;
  study.table("tables/clini.csv", "PATIENT,HRD,Prolif", kPatients, [](int i) { return clini_row(i, "HRD", "nonHRD"); });
  study.table("tables/slide.csv", "PATIENT,FILENAME", kPatients,
              [](int i) { return fmt::format("{0},site{1}/{0}.h5", patient(i), i % 2); });
  for (int i = 0; i < kPatients; ++i) study.features(fmt::format("feats/site{}/{}.h5", i % 2, patient(i)));
  EXPECT_THAT(study.propose().slide_tables, IsEmpty());
  EXPECT_EQ(study.config().cohorts.at(0).features, study.folder() / "feats");
}

TEST(Layouts, WhatIsLackingIsSaid) {
  Study empty;
  EXPECT_THAT(empty.problems(), ElementsAre(HasSubstr("no feature files, expected .h5 or .pt files")));
  Study slides;
  slides.table("wsi/a.svs", "pixels");
  EXPECT_THAT(slides.problems(), ElementsAre(HasSubstr("only 1 slide: extract features first")));
  Study no_tables;
  no_tables.features("feats/a.h5");
  EXPECT_THAT(no_tables.problems(), ElementsAre(HasSubstr("no tables, expected a clinical table")));
  Study others;
  others.features("feats/a.h5");
  others.table("clini.csv", "PATIENT,MSI\nQ1,1\nQ2,0\n");
  EXPECT_THAT(others.problems(), Contains(HasSubstr("no table names its 1 file (such as a.h5)")));
  Study damaged;
  damaged.table("feats/a.h5", "no HDF5");
  EXPECT_THAT(damaged.problems(), Contains(HasSubstr("1 file passed over")));
}

}  // namespace
}  // namespace mtlgrid::testing
