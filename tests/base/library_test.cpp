#include "base/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

TEST(LibraryTest, TheFirstNameThatCanBeOpenedServes) {
  const Library library({"libmtlgrid-missing.so", "libc.so.6"});
  EXPECT_EQ(library.error(), "");
  int (*absolute)(int) = nullptr;
  library.find(absolute, "abs");
  ASSERT_NE(absolute, nullptr);
  EXPECT_EQ(absolute(-3), 3);
}

TEST(LibraryTest, AMissingFunctionIsNamed) {
  const Library library({"libc.so.6"});
  void (*function)() = nullptr;
  try {
    library.find(function, "mtlgrid_missing");
    FAIL() << "found";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("has no function mtlgrid_missing"));
  }
}

TEST(LibraryTest, AMissingLibraryThrowsOnlyWhenAFunctionIsWanted) {
  const Library library({"libmtlgrid-missing.so"});
  EXPECT_THAT(library.error(), HasSubstr("libmtlgrid-missing.so cannot be opened"));
  void (*function)() = nullptr;
  EXPECT_THROW(library.find(function, "abs"), Error);
}

}  // namespace
}  // namespace mtlgrid
