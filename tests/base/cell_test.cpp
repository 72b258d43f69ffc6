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

TEST(CellTest, WhatIsNotANameIsRefusedWithTheFormOfOne) {
  for (const std::string name : {"", "MSI", "MSI/LF/naive", "MSI/LF/naive/", "MSI/LF/naive/x", "MSI/LF/naive/-1",
                                 "MSI/LF/naive/3x", "MSI//naive/3", "/LF/naive/3", "MSI/LF/naive/3/4"}) {
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
