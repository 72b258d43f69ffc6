#include "trainer/contract/injection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace mtlgrid {
namespace {

TEST(Injection, OrdersThatAreNoneAreAllToldOf) {
  try {
    parse_injections("a=crash,b,=fail,c=explode,d=slow:x,e=hang:-1,@n1=fail");
    FAIL();
  } catch (const InputError& e) {
    EXPECT_EQ(e.problems().size(), 6u) << e.what();
    EXPECT_THAT(e.what(), ::testing::HasSubstr("'c=explode'"));
  }
  EXPECT_TRUE(parse_injections("").empty());
}

}  // namespace
}  // namespace mtlgrid
