// Pickles of features with lists beside them: of a million tiles, and made to take memory or time.
#include "base/errors.h"
#include "datasets/pytorch/pickle.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr PickleWish kPlain{"a dict", true};
#ifdef __SANITIZE_ADDRESS__
constexpr bool kSlow = true;
#else
constexpr bool kSlow = false;
#endif

std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

std::string named(const std::string& name) { return "X" + little(name.size(), 4) + name; }

std::vector<std::string> refusal(const std::string& pickle) {
  return problems_of([&] { read_pickled(pickle, kPlain); });
}

// As Python 3 writes {"coords": [(x, y), ...], "names": ["tile_0", ...]} with protocol 2: lists in parts of 1000.
TEST(PickledLists, OfAMillionTilesAreRead) {
  constexpr std::uint64_t kTiles = kSlow ? 10'000 : 1'000'000, kPart = 1000;
  std::string coords = named("coords") + "]", names = named("names") + "]";
  for (std::uint64_t i = 0; i < kTiles; ++i) {
    const std::string begin = i % kPart == 0 ? "(" : "", end = (i + 1) % kPart == 0 ? "e" : "";
    coords += begin + "J" + little(i * 256, 4) + "J" + little(i, 4) + "\x86r" + little(2 * i, 4) + end;
    names += begin + named("tile_" + std::to_string(i)) + "r" + little(2 * i + 1, 4) + end;
  }
  const PickledObject object = read_pickled("\x80\x02}(" + coords + names + "u.", kPlain);
  EXPECT_EQ(object.whole.kind, "dict");
  EXPECT_EQ(object.entries.at("coords").kind, "list");
  EXPECT_EQ(object.entries.at("names").kind, "list");
}

TEST(PickledLists, LongTextsAreReadAsValuesOnly) {
  const std::string longer = named(std::string(5000, 'a'));
  EXPECT_EQ(read_pickled("}" + named("note") + longer + "s.", kPlain).entries.at("note").kind, "text");
  EXPECT_THAT(refusal("}" + longer + named("note") + "s."), ElementsAre(HasSubstr("a text of more than 1024 bytes")));
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// Each bound alone.
TEST(PickledLists, HostileOnesAreBounded) {
  if (kSlow) GTEST_SKIP() << "millions of instructions take minutes under the sanitizers";
  EXPECT_THAT(refusal(std::string((std::size_t{1} << 26) + 1, 'N')),
              ElementsAre(HasSubstr("67108865 bytes beside the tensors, expected at most 67108864: save the tensors "
                                    "without the lists")));
  EXPECT_THAT(refusal(std::string(2'000'000, 'N')), ElementsAre(HasSubstr("more than 1048576 values at once")));
  EXPECT_THAT(refusal("]" + repeated("N\x94"
                                     "a",
                                     5'000'000)),
              ElementsAre(HasSubstr("more than 4194304 values to remember")));
  EXPECT_THAT(refusal("Nr" + little(4'194'304, 4)), ElementsAre(HasSubstr("values to remember")));
  EXPECT_THAT(refusal("]" + repeated("NNN\x87"
                                     "a",
                                     1'500'000)),
              ElementsAre(HasSubstr("tuples of more than 4194304 values")));
  EXPECT_THAT(refusal("]" + repeated("}a", 200'000)), ElementsAre(HasSubstr("more than 100000 entries")));
  const std::string storage = "(" + named("storage") + "ctorch\nFloatStorage\n" + named("0") + named("cpu") + "K\x01tq";
  EXPECT_THAT(refusal("]" + storage + std::string(1, '\0') + "a" + repeated(std::string("h\0Qa", 4), 70'000)),
              ElementsAre(HasSubstr("more than 65536 tensors")));
  EXPECT_THAT(refusal(std::string("Nr\x05\0\0\0h\x04", 8)), ElementsAre(HasSubstr("an unknown memo entry")));
}

}  // namespace
}  // namespace mtlgrid::testing
