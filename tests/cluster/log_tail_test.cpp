#include "cluster/log_tail.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

namespace mtlgrid {
namespace {

class TailTest : public ::testing::Test {
 protected:
  ~TailTest() override { std::filesystem::remove(file_); }
  void write(const std::string& text) { std::ofstream(file_, std::ios::binary) << text; }
  std::filesystem::path file_ = ::testing::TempDir() + "mtlgrid-tail-" + std::to_string(getpid());
};

TEST_F(TailTest, OnlyTheLastLinesAreKept) {
  write("a\nb\nc\n");
  EXPECT_EQ(tail_of(file_, 0, 2), "b\nc");
  EXPECT_EQ(tail_of(file_, 0, 3), "a\nb\nc");
  EXPECT_EQ(tail_of(file_, 0, 9), "a\nb\nc");
}

TEST_F(TailTest, NothingBeforeTheStartIsKept) {
  write("old\nnew\n");
  EXPECT_EQ(tail_of(file_, 4, 9), "new");
  EXPECT_EQ(tail_of(file_, 8, 9), "");
  EXPECT_EQ(tail_of(file_, 100, 9), "");
}

TEST_F(TailTest, ALineWithoutEndIsCutAndBadBytesAreReplaced) {
  write(std::string(100'000, 'x') + "\xff\n");
  const auto tail = tail_of(file_, 0, 20);
  EXPECT_EQ(tail.size(), 16384u - 2 + 3);  // without the bad byte and the newline, with U+FFFD
  EXPECT_TRUE(tail.ends_with("x\xef\xbf\xbd"));
}

TEST_F(TailTest, AMissingFileHasNoTail) { EXPECT_EQ(tail_of(file_, 0, 20), ""); }

}  // namespace
}  // namespace mtlgrid
