// Hashes of whole files: initial weights, and the bytes of a store.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/errors.h"
#include "datasets/features/fingerprint.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

TEST(HashFile, IsThatOfItsPiecesOfOneMebibyte) {
  const TempFolder folder;
  const std::string first(std::size_t{1} << 20, 'a'), rest = "bcd";
  write_text(folder / "file", first + rest);
  Fingerprint expected;
  expected.add(first);
  expected.add(rest);
  EXPECT_EQ(hash_file(folder / "file"), expected.hex());
  write_text(folder / "file", first);
  Fingerprint whole;
  whole.add(first);
  EXPECT_EQ(hash_file(folder / "file"), whole.hex());
  write_text(folder / "empty", "");
  EXPECT_EQ(hash_file(folder / "empty"), Fingerprint().hex());
}

TEST(HashFile, APipeIsRefusedAndNotWaitedFor) {
  const TempFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const char* name : {"pipe", ".", "none"}) EXPECT_THROW(hash_file(folder / name), InputError) << name;
}

}  // namespace
}  // namespace mtlgrid::testing
