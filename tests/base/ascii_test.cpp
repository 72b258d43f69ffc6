#include "base/ascii.h"

#include <gtest/gtest.h>

namespace mtlgrid {
namespace {

TEST(Ascii, LowerCaseLeavesEveryOtherByte) {
  EXPECT_EQ(lower_ascii("MSI-H @[ \xc3\x84"), "msi-h @[ \xc3\x84");
  EXPECT_EQ(lower_ascii(""), "");
}

TEST(Ascii, TrimmedLosesSpacesAndTabsAtItsEndsAlone) {
  EXPECT_EQ(trimmed(" \t a  b\t"), "a  b");
  EXPECT_EQ(trimmed(" \t "), "");
  EXPECT_EQ(trimmed("\na"), "\na");
}

}  // namespace
}  // namespace mtlgrid
