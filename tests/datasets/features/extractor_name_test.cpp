#include "datasets/features/extractor_name.h"

#include <gtest/gtest.h>

#include <string>

namespace mtlgrid {
namespace {

TEST(Extractor, SpellingsOfCTransPathAreOne) {
  for (const char* name : {"ctranspath", "xiyuewang-ctranspath-7c998680", "xiyuewang-ctranspath-7c998680-0123abcd",
                           "STAMP-extract-001_01-10-2023_xiyuewang-ctranspath-7c998680", "ctranspath-0123abcd"}) {
    EXPECT_EQ(canonical_extractor(name), "ctranspath") << name;
  }
}

TEST(Extractor, TheHashOfTheCodeIsNoPartOfAnyName) {
  for (const std::string name : {"uni", "uni2", "conch", "conch1_5", "virchow2", "gigapath", "h-optimus-0",
                                 "dino-bloom", "chief-ctranspath", "musk"}) {
    EXPECT_EQ(canonical_extractor(name + "-deadbeef"), name);
    EXPECT_EQ(canonical_extractor(name), name);
  }
}

TEST(Extractor, OlderNamesOfTheSameWeightsAreOne) {
  EXPECT_EQ(canonical_extractor("mahmood-uni-0123abcd"), "uni");
  EXPECT_EQ(canonical_extractor("mahmood-conch1_5"), "conch1_5");
  EXPECT_EQ(canonical_extractor("h_optimus_0-0123abcd"), "h-optimus-0");
}

TEST(Extractor, TridentNamesOfTheSameWeightsAreOne) {
  EXPECT_EQ(canonical_encoder("uni_v1"), "uni");
  EXPECT_EQ(canonical_encoder("conch_v15"), "conch1_5");
  EXPECT_EQ(canonical_encoder("hoptimus1"), "h-optimus-1");
  EXPECT_EQ(canonical_encoder("gigapath"), "gigapath");
  EXPECT_EQ(canonical_encoder("phikon_v2"), "phikon_v2");
  EXPECT_EQ(canonical_extractor("uni_v1"), "uni_v1");  // as earlier versions recorded it
}

TEST(Extractor, OtherNamesAreKeptAsTheyAre) {
  for (const char* name : {"", "xiyuewang-ctranspath-1646f230", "ctranspath2", "xiyuewang-ctranspath-7c998680-0123abcg",
                           "STAMP-extract-001", "our-model-20240101", "uni-0123abc", "uni-0123ABCD", "uni3-0123abcd"}) {
    EXPECT_EQ(canonical_extractor(name), name);
  }
}

}  // namespace
}  // namespace mtlgrid
