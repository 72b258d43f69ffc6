#include "orchestrator/inspection/inspect_path.h"

#include <gmock/gmock.h>

#include "datasets/features/feature_disk.h"
#include "orchestrator/inspection/inspect_table.h"
#include "tests/datasets/workbooks/handmade.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InspectPath : public ::testing::Test {
 protected:
  Inspection path(const std::string& name) { return inspect_path(scratch_.path() / name, reader_); }
  Scratch scratch_;
  DirectReader reader_{FeatureDisk::real()};
};

TEST_F(InspectPath, ATableWithItsColumns) {
  scratch_.write("clini.csv", "PATIENT,MSI,LF\nA,MSIH,0.5\nB,MSS,0.25\nC,MSS,\n");
  const Inspection found = path("clini.csv");
  EXPECT_EQ(found.kind, "table");
  EXPECT_THAT(found.wrong, IsEmpty());
  EXPECT_EQ(found.facts["rows"], 3);
  const auto& columns = found.facts["each column"];
  EXPECT_EQ(columns[1]["examples"], "MSS (2), MSIH (1)");
  EXPECT_EQ(columns[2]["type"], "numbers");
  EXPECT_EQ(columns[2]["values"], 2);
  EXPECT_THAT(inspection_text(found), HasSubstr("MSS (2), MSIH (1)"));
}

TEST_F(InspectPath, AColumnWithoutValuesIsARemark) {
  scratch_.write("process_list_autogen.csv", "slide_id,process,keep_ids,note\na.svs,0,none,\nb.svs,0,none,\n");
  const Inspection found = path("process_list_autogen.csv");
  EXPECT_THAT(found.wrong, IsEmpty());
  EXPECT_THAT(inspection_text(found), HasSubstr("columns without values  keep_ids, note\n"));
}

TEST_F(InspectPath, WhatIsOddInATable) {
  scratch_.write("clini.csv", "PATIENT,LF,LF,empty\nA,0.5,1,\nB,[Not Available],2,\n");
  EXPECT_THAT(path("clini.csv").wrong,
              ElementsAre(HasSubstr("missing = [Not Available]"), "2 columns are called 'LF'"));
}

TEST_F(InspectPath, ATitleAboveTheHeader) {
  scratch_.write("clini.csv", "Export 2024,,\nPATIENT,MSI,LF\nA1,MSIH,0.5\nB2,MSS,0.25\nC3,MSS,0.125\n");
  EXPECT_THAT(path("clini.csv").wrong, ElementsAre("row 2 looks like the header: delete the row above it"));
}

TEST_F(InspectPath, ASheetOfAWorkbook) {
  const std::string about = sheet_of({text_cell("about"), text_cell("x")});
  const std::string clini = sheet_of({text_cell("PATIENT"), text_cell("A"), text_cell("B")});
  scratch_.write("w.xlsx", zipped(parts_of({{"Info", about}, {"2024", clini}})));
  EXPECT_EQ(path("w.xlsx").facts["rows"], 1);
  EXPECT_EQ(path("w.xlsx#2024").kind, "table");
  EXPECT_EQ(path("w.xlsx#2024").facts["rows"], 2);
  EXPECT_THAT(path("w.xlsx#2023").wrong, ElementsAre(HasSubstr("no sheet '2023', found 'Info', '2024'")));
  EXPECT_THAT(path("v.xlsx#2024").wrong, ElementsAre(EndsWith("v.xlsx: no such file")));
  scratch_.write("f/a.csv", "PATIENT\nA\n");
  EXPECT_THAT(path("f#2024").wrong, ElementsAre(HasSubstr("f#2024: no such file")));
  EXPECT_THAT(path("f/a.csv#2024").wrong, ElementsAre(HasSubstr("the file is text, not a workbook")));
}

TEST_F(InspectPath, OtherKinds) {
  scratch_.write("a.svs", "pixels");
  EXPECT_EQ(path("a.svs").kind, "slide");
  scratch_.write("grid.ini", "[grid]\nstore = x.db\n");
  EXPECT_EQ(path("grid.ini").kind, "unreadable");  // with every problem of the configuration
  EXPECT_THAT(path("grid.ini").wrong, Contains(HasSubstr("biomarker")));
  EXPECT_THAT(path("none.csv").wrong, ElementsAre(HasSubstr("no such file")));
  scratch_.write("f/clini.csv", "PATIENT\nA\n");
  EXPECT_EQ(path("f").kind, "folder");
  EXPECT_EQ(path("f").facts["tables"], 1);
  scratch_.write("f/h5_files/a.h5", "x");
  scratch_.write("f/pt_files/a.pt", "x");
  EXPECT_EQ(path("f").facts["feature files"], 1);
}

TEST_F(InspectPath, JsonSaysWhetherItIsRight) {
  const auto json = inspection_json(path("none.csv"));
  EXPECT_EQ(json["right"], false);
  EXPECT_EQ(json["kind"], "unreadable");
}

}  // namespace
}  // namespace mtlgrid::testing
