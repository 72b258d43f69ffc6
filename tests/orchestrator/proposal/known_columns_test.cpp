#include "orchestrator/proposal/known_columns.h"

#include <gtest/gtest.h>

namespace mtlgrid {
namespace {

TEST(KnownColumns, PatientsAreFoundHoweverTheyAreSpelled) {
  for (const char* name : {"PATIENT", "Patient ID", "patient_id", "case_id", "bcr_patient_barcode", "Subject-ID"}) {
    EXPECT_TRUE(is_patient_name(name)) << name;
  }
  for (const char* name : {"slide_id", "FILENAME", "SAMPLE_ID", "patient_age", ""})
    EXPECT_FALSE(is_patient_name(name)) << name;
}

TEST(KnownColumns, BiomarkersHaveShortNames) {
  EXPECT_EQ(biomarker_of("isMSIH"), "MSI");
  EXPECT_EQ(biomarker_of("MSI Status"), "MSI");
  EXPECT_EQ(biomarker_of("HRD"), "HRD");
  EXPECT_EQ(biomarker_of("KRAS_mutation"), "KRAS");
  EXPECT_EQ(biomarker_of("braf"), "BRAF");
  EXPECT_EQ(biomarker_of("KRAS expression"), "");  // not the mutation
  EXPECT_EQ(biomarker_of("sex"), "");
}

TEST(KnownColumns, SignaturesAreThePapersFive) {
  EXPECT_EQ(signature_of("Leukocyte Fraction"), "LF");
  EXPECT_EQ(signature_of("leukocyte_fraction"), "LF");
  EXPECT_EQ(signature_of("Lymphocyte Infiltration Signature Score"), "LISS");
  EXPECT_EQ(signature_of("SF"), "SF");
  EXPECT_EQ(signature_of("Proliferation"), "Prolif");
  EXPECT_EQ(signature_of("Aneuploidy Score"), "");
  EXPECT_TRUE(is_other_score("Aneuploidy Score"));
}

TEST(KnownColumns, DemographicNamesAreRecognisedByTheirWords) {
  for (const char* name : {"Sex", "age_at_diagnosis", "OS.time", "vitalStatus", "Tumor Stage", "TSS"}) {
    EXPECT_TRUE(is_demographic(name)) << name;
  }
  for (const char* name : {"stagger", "Proliferation", "MSI"}) EXPECT_FALSE(is_demographic(name)) << name;
}

TEST(KnownColumns, ValuesSayWhichClassTheyAre) {
  for (const char* value : {"MSI-H", "MSIH", "mutated", "1", "Yes", "+", "dMMR"}) {
    EXPECT_EQ(polarity_of(value), Polarity::positive) << value;
  }
  for (const char* value : {"MSS", "nonMSIH", "not mutated", "WT", "0", "no", "-", "pMMR"}) {
    EXPECT_EQ(polarity_of(value), Polarity::negative) << value;
  }
  EXPECT_EQ(polarity_of("luminal"), Polarity::unknown);
  EXPECT_TRUE(is_between_classes("MSI-L"));
  EXPECT_FALSE(is_between_classes("MSS"));
}

}  // namespace
}  // namespace mtlgrid
