#include "datasets/tables/header_row.h"

#include <gmock/gmock.h>

#include <optional>
#include <string>

#include "base/errors.h"
#include "datasets/tables/columns.h"
#include "datasets/tables/csv.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;

std::optional<std::size_t> header_of(const std::string& text) {
  return likely_header_row(parse_csv(text, "t.csv", {}));
}
std::string said_of(const std::string& text) { return likely_header_said(parse_csv(text, "t.csv", {})); }

// Of a patient table with two more columns.
const std::string kRows = "P1,male,0.5\nP2,female,0.25\nP3,male,0.75\nP4,female,0.125\n";

TEST(HeaderRow, IsFoundBelowATitle) {
  EXPECT_EQ(header_of("Export from RedCap 2024,,\nPATIENT,sex,LF\n" + kRows), 0u);
  EXPECT_EQ(header_of("Table 1,,\nof 36 patients,,\nPATIENT,sex,LF\n" + kRows), 1u);
  EXPECT_EQ(header_of(",Clinical data,\nPATIENT,sex,LF\n" + kRows), 0u);
  EXPECT_EQ(header_of("Slides,\nPATIENT,FILENAME\nP1,P1_1.h5\nP2,P2_1.h5\n"), 0u) << "names have no digits";
  EXPECT_EQ(header_of("Clinical data,,,\nPATIENT,sex,,LF\nP1,male,,1\nP2,male,,2\n"), 0u) << "an empty column";
  EXPECT_EQ(header_of("Title,,\nPATIENT,sex,LF\n" + kRows + "Total,,4 rows\n"), 0u) << "and a row below the table";
}

TEST(HeaderRow, IsFoundBelowGroups) {
  EXPECT_EQ(header_of("Patient,Molecular,,Immune,\n,MSI,KRAS,LF,P\nP1,a,x,1,1\nP2,a,x,2,2\nP3,b,y,3,3\nP4,b,y,4,4\n"),
            0u);
}

TEST(HeaderRow, IsThatWhichWasRead) {
  EXPECT_EQ(header_of("PATIENT,sex,LF\n" + kRows), std::nullopt);
  EXPECT_EQ(header_of("PATIENT,,\n" + kRows), std::nullopt) << "two names are lacking";
  EXPECT_EQ(header_of(",label\nA,p\nB,n\nC,p\n"), std::nullopt) << "an index";
  EXPECT_EQ(header_of("label,x\nA,p,1\nB,n,2\n"), std::nullopt) << "row names of R";
  EXPECT_EQ(header_of(",0\nA,0.5\nB,1\n"), std::nullopt);
  EXPECT_EQ(header_of("PATIENT,\nA,unknown\nB,1\nC,2\n"), std::nullopt) << "a missing value";
  EXPECT_EQ(header_of("a,b,c,,\nA,p,q,r,s\nB,p,q,r,s\n"), std::nullopt);
  EXPECT_EQ(header_of("PATIENT,,\nA,,\nB,,\n"), std::nullopt);
}

TEST(HeaderRow, IsSaidWithWhatToDo) {
  EXPECT_EQ(said_of("Export,,\nPATIENT,sex,LF\n" + kRows), "row 2 looks like the header: delete the row above it");
  EXPECT_EQ(said_of("Export,,\nof 36,,\nPATIENT,sex,LF\n" + kRows),
            "row 3 looks like the header: delete the rows above it");
  EXPECT_EQ(said_of("Patient,Molecular,,Immune,\n,MSI,KRAS,LF,P\nP1,a,x,1,1\nP2,a,x,2,2\nP3,b,y,3,3\nP4,b,y,4,4\n"),
            "rows 1 and 2 look like one header: write one row with a name for every column");
  EXPECT_EQ(said_of("PATIENT,sex,LF\n" + kRows), "");
}

TEST(HeaderRow, IsSaidOfAColumnThatIsNotFound) {
  const Table table = parse_csv("Export,,\nCase,sex,LF\n" + kRows, "t.csv", {});
  Problems problems;
  needed_column(table, "PATIENT", problems, "its column 'Export' has 4 of the 4 values");
  EXPECT_THAT(problems.lines(),
              ElementsAre(EndsWith("found 'Export'; row 2 looks like the header: delete the row above it")));
}

}  // namespace
}  // namespace mtlgrid::testing
