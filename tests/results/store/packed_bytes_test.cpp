// The same bytes as json::to_msgpack writes, which journals of every version hold.
#include "results/store/packed_bytes.h"

#include <gtest/gtest.h>

#include <string>

#include "results/store/store_records.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using nlohmann::json;
using Written = std::vector<std::uint8_t>;

template <typename Write>
Written written(const Write& write) {
  Written all;
  {
    PackedBytes bytes([&](std::span<const std::uint8_t> part) { all.insert(all.end(), part.begin(), part.end()); });
    write(bytes);
  }
  return all;
}

TEST(PackedBytes, AreThoseOfJsonForEveryLength) {
  for (const std::size_t size : {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536, 70000}) {
    const std::string text(size, 'x');
    EXPECT_EQ(written([&](PackedBytes& bytes) { bytes.text(text); }), json::to_msgpack(text)) << size;
    const json array = json::array_t(size, json(7));
    EXPECT_EQ(written([&](PackedBytes& bytes) {
                bytes.array(size);
                for (std::size_t i = 0; i < size; ++i) bytes.number(7);
              }),
              json::to_msgpack(array))
        << size;
  }
  for (const int number : {-70000, -129, -5, 0, 1, 127, 128, 255, 256, 70000}) {
    EXPECT_EQ(written([&](PackedBytes& bytes) { bytes.number(number); }), json::to_msgpack(number)) << number;
  }
  const json map = {{"a", 1}, {"b", {{"c", nullptr}}}};
  EXPECT_EQ(written([&](PackedBytes& bytes) {
              bytes.map(2);
              bytes.text("a");
              bytes.number(1);
              bytes.text("b");
              bytes.value(map["b"]);
            }),
            json::to_msgpack(map));
}

class Records : public StoreTest {};

TEST_F(Records, OfAGridAreWrittenAsTheyAlwaysWere) {
  const GridRecord grid = StoreTest::grid();
  const Written bytes = encode(GridRegistered{grid, 5.5});
  json rows = json::array(), drops = json::array(), cohorts = json::array();
  for (const SplitRow& r : grid.splits) rows.push_back({r.biomarker, r.auxiliary, r.fold, r.patient, r.role});
  for (const auto& r : grid.drops) {
    drops.push_back({r.biomarker, r.auxiliary, r.drop.cohort, r.drop.patient, r.drop.slide, r.drop.reason});
  }
  for (const auto& r : grid.cohorts) cohorts.push_back({r.biomarker, r.cohort, r.role});
  const json whole = {{"identity", grid.identity},
                      {"settings", grid.settings},
                      {"cells", grid.cells},
                      {"splits", rows},
                      {"drops", drops},
                      {"cohorts", cohorts}};
  ASSERT_GT(rows.size(), 0u);
  EXPECT_EQ(bytes, json::to_msgpack(json::array({"grid", {{"grid", whole}, {"time", 5.5}}})));
  const StoreRecord read = decode(bytes);
  const GridRecord& back = std::get<GridRegistered>(read).grid;
  ASSERT_EQ(back.splits.size(), grid.splits.size());
  for (std::size_t i = 0; i < back.splits.size(); ++i) EXPECT_EQ(back.splits[i], grid.splits[i]);
  EXPECT_EQ(content_hash(back), content_hash(grid));
}

}  // namespace
}  // namespace mtlgrid::testing
