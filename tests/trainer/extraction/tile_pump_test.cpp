#include "trainer/extraction/tile_pump.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace mtlgrid {
namespace {

TileGroup numbered(std::size_t i) {
  TileGroup group;
  group.counts.seen = static_cast<std::int64_t>(i);
  return group;
}

std::int64_t next_of(TilePump& pump) {
  std::optional<TileGroup> group;
  while (!group) group = pump.next(1);
  return group->counts.seen;
}

TEST(TilePump, GivesSupertilesInOrderWhoeverIsFirst) {
  const auto slow_first = [](std::size_t i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(i % 3 == 0 ? 20 : 1));
    return numbered(i);
  };
  TilePump pump(slow_first, 20, 4, 6);
  for (std::int64_t i = 0; i < 20; ++i) EXPECT_EQ(next_of(pump), i);
}

TEST(TilePump, ReadsNoFurtherAheadThanItMay) {
  std::atomic<std::size_t> begun{0};
  TilePump pump([&](std::size_t i) { return ++begun, numbered(i); }, 100, 4, 3);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(begun, 3u);
  next_of(pump);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(begun, 4u);
}

TEST(TilePump, ThrowsWhereTheFaultyOneIsDue) {
  TilePump pump(
      [](std::size_t i) {
        if (i == 2) throw std::runtime_error("supertile 2");
        return numbered(i);
      },
      5, 2, 4);
  EXPECT_EQ(next_of(pump), 0);
  EXPECT_EQ(next_of(pump), 1);
  EXPECT_THROW(next_of(pump), std::runtime_error);
}

TEST(TilePump, SaysWhereNothingIsThereYet) {
  TilePump pump([](std::size_t i) { return std::this_thread::sleep_for(std::chrono::milliseconds(200)), numbered(i); },
                1, 1, 1);
  EXPECT_FALSE(pump.next(0.01));
  EXPECT_EQ(next_of(pump), 0);
}

TEST(TilePump, EndsBeforeAllWasRead) {
  std::atomic<std::size_t> read{0};
  {
    TilePump pump([&](std::size_t i) { return ++read, numbered(i); }, 1000, 2, 1000);
  }
  EXPECT_LT(read, 1000u);
}

}  // namespace
}  // namespace mtlgrid
