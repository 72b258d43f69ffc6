#include "datasets/tables/looks_missing.h"

#include <gtest/gtest.h>

namespace mtlgrid {
namespace {

TEST(LooksMissing, KnowsWhatDatabasesWrite) {
  for (const char* value : {"[Not Available]",
                            "[Not Applicable]",
                            "[Discrepancy]",
                            "Not Reported",
                            "'--",
                            "--",
                            "?",
                            "Unavailable",
                            "unknown",
                            "UNK",
                            "n.a.",
                            "N/A ",
                            "not performed",
                            ".",
                            "",
                            " ",
                            "\u2014",
                            "=#VALUE!",
                            "#REF!",
                            "-999",
                            "indeterminate",
                            "Equivocal",
                            "ND",
                            "none"}) {
    EXPECT_TRUE(looks_missing(value)) << value;
  }
  for (const char* value : {"MSS", "negative", "no", "0", "-1", "9", "+", "stable", "Nano", "NR", "NE"}) {
    EXPECT_FALSE(looks_missing(value)) << value;
  }
}

TEST(LooksMissing, ReadsWordByWord) {
  for (const char* value : {"Not evaluable",
                            "Insufficient tissue",
                            "Test not performed",
                            "Status unknown",
                            "No information",
                            "Failed",
                            "QC failed",
                            "No call",
                            "no_call",
                            "NoCall",
                            "Unknown/Not tested",
                            "[Not Available]|[Not Available]",
                            "NA;NA",
                            "N/A (not done)",
                            "unbekannt",
                            "nicht bestimmt",
                            "non déterminé",
                            "no disponible",
                            "Could not be assessed",
                            "cannot be determined",
                            "To be determined",
                            "Not yet tested",
                            "No tissue available",
                            "No data were collected",
                            "HER2 not evaluable",
                            "response not evaluable",
                            "insufficient DNA quality",
                            "Untested",
                            "nonevaluable",
                            "non-informative",
                            "Inadequate sample",
                            "unable to assess",
                            "awaiting results",
                            "not enough tissue",
                            "Unknown, not tested",
                            "result invalid",
                            "Not evaluable (low DNA)",
                            "don't know",
                            "to be confirmed",
                            "k. A.",
                            "not sure",
                            "undefined",
                            "lost to follow-up"}) {
    EXPECT_TRUE(looks_missing(value)) << value;
  }
}

TEST(LooksMissing, TakesNoFindingForMissing) {
  for (const char* value : {"MSI-H not methylated",
                            "non-MSI",
                            "HPV not detected",
                            "not mutated",
                            "Not amplified",
                            "no recurrence",
                            "no mutation",
                            "No response",
                            "non-responder",
                            "never smoker",
                            "no known metastasis",
                            "unknown primary",
                            "primary unknown",
                            "dead, cause unknown",
                            "variant of uncertain significance",
                            "MSS/Unknown",
                            "negative, not sent",
                            "Adenocarcinoma, not otherwise specified",
                            "insufficient response",
                            "treatment failure",
                            "incomplete response",
                            "No tumor",
                            "not elevated",
                            "unmethylated",
                            "wild type",
                            "No evidence of disease",
                            "without",
                            "Other/Unknown",
                            "not given",
                            "No amplification",
                            "no block",
                            "normal",
                            "nonMSIH",
                            "No MSI",
                            "indolent",
                            "intact",
                            "not present"}) {
    EXPECT_FALSE(looks_missing(value)) << value;
  }
}

TEST(LooksLikeNoClass, KnowsWhatIsSpokenOf) {
  EXPECT_TRUE(looks_like_no_class("MSI missing", "MSI_status", {"MSI-H"}));
  EXPECT_TRUE(looks_like_no_class("Unknown", "MSI", {"MSIH"}));
  EXPECT_FALSE(looks_like_no_class("Unknown", "origin", {"Known"}));
  EXPECT_FALSE(looks_like_no_class("Not done", "surgery", {"Done"}));
  EXPECT_FALSE(looks_like_no_class("Not evaluable", "x", {"evaluable"}));
  EXPECT_FALSE(looks_like_no_class("Failed", "therapy", {"CR"}));
  EXPECT_FALSE(looks_like_no_class("failure", "x", {"success"}));
  EXPECT_TRUE(looks_like_no_class("failed", "MSI", {"MSIH"}));
  EXPECT_FALSE(looks_like_no_class("-", "HER2", {"+"}));
  EXPECT_TRUE(looks_like_no_class("-", "HER2", {"pos"}));
}

TEST(LooksLikeNoClass, CodesBesideOtherNumbersAreNone) {
  for (const char* code : {"-1", "9", "99", "999", "-9", "9.0", "8", "77"}) {
    EXPECT_TRUE(looks_like_no_class(code, "MSI", {"1"})) << code;
    EXPECT_TRUE(looks_like_no_class(code, "MSI", {"MSIH"})) << code;
  }
  for (const char* code : {"0", "2", "3", "10"}) EXPECT_FALSE(looks_like_no_class(code, "MSI", {"1"})) << code;
  EXPECT_FALSE(looks_like_no_class("9", "Gleason", {"8"}));
  EXPECT_FALSE(looks_like_no_class("-1", "x", {"-2"}));
}

}  // namespace
}  // namespace mtlgrid
