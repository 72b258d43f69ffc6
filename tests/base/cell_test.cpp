#include "base/cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

TEST(CellTest, ANameIsReadBack) {
  const Cell cell{"MSI", "LF", "autol+cagrad", 3};
  EXPECT_EQ(cell.name(), "MSI/LF/autol+cagrad/3");
  EXPECT_EQ(Cell::parse(cell.name()), cell);
}

TEST(CellTest, ARepeatAfterTheFirstIsPartOfTheName) {
  const Cell cell{"MSI", "LF", "naive", 3, 12};
  EXPECT_EQ(cell.name(), "MSI/LF/naive/3.12");
  EXPECT_EQ(Cell::parse(cell.name()), cell);
  EXPECT_EQ(Cell::parse("MSI/LF/naive/3").repeat, 0);
}

TEST(CellTest, IsWrittenAsBeforeThereWereRepeats) {
  const Cell first{"MSI", "LF", "naive", 3}, second{"MSI", "LF", "naive", 3, 1};
  EXPECT_EQ(nlohmann::json(first).dump(), R"({"auxiliary":"LF","biomarker":"MSI","fold":3,"method":"naive"})");
  for (const Cell& cell : {first, second}) EXPECT_EQ(nlohmann::json(cell).get<Cell>(), cell);
  EXPECT_ANY_THROW((nlohmann::json{{"biomarker", "MSI"}, {"auxiliary", "LF"}, {"method", "naive"}}.get<Cell>()));
}

TEST(CellTest, AGroupIsAPairFoldAndRepeat) {
  const Cell cell{"MSI", "LF", "naive", 3, 1};
  EXPECT_TRUE(cell.same_group({"MSI", "LF", "cagrad", 3, 1}));
  EXPECT_FALSE(cell.same_group({"MSI", "LF", "naive", 3}));
  EXPECT_FALSE(cell.same_group({"MSI", "LF", "naive", 2, 1}));
  EXPECT_FALSE(cell.same_group({"MSI", "SF", "naive", 3, 1}));
}

TEST(CellTest, WhatIsNotANameIsRefusedWithTheFormOfOne) {
  for (const std::string name :
       {"", "MSI", "MSI/LF/naive", "MSI/LF/naive/", "MSI/LF/naive/x", "MSI/LF/naive/-1", "MSI/LF/naive/3x",
        "MSI//naive/3", "/LF/naive/3", "MSI/LF/naive/3/4", "MSI/LF/naive/3.", "MSI/LF/naive/3.0", "MSI/LF/naive/3.-1",
        "MSI/LF/naive/3.1.1", "MSI/LF/naive/.1", "MSI/LF/naive/03"}) {
    try {
      Cell::parse(name);
      ADD_FAILURE() << "accepted '" << name << "'";
    } catch (const InputError& e) {
      EXPECT_THAT(e.what(), HasSubstr("'" + name + "' is not a cell; write BIOMARKER/AUXILIARY/METHOD/FOLD"));
    }
  }
}

}  // namespace
}  // namespace mtlgrid
