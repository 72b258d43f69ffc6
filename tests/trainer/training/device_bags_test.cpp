// Bags that stay on the device, with the CPU as the device.
#include "trainer/training/device_bags.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "trainer/training/prediction.h"

namespace mtlgrid {
namespace {

constexpr std::uint64_t kLargeRoom = 1 << 20;

class DeviceBagsTest : public ::testing::Test {
 protected:
  DeviceBagsTest() : experiment(testing::tiny_experiment(folder.path())), cache(experiment) {}
  static CellPatient patient(int cohort, int number) { return {cohort, number, 0, 0}; }
  // What every way to a bag must give.
  at::Tensor expected(const CellPatient& p, const at::Tensor& like) { return bag_tensor(cache.bag(p), like); }
  std::uint64_t bytes(const CellPatient& p) { return cache.bag(p).values.size_bytes(); }

  testing::TemporaryFolder folder;
  Experiment experiment;
  BagCache cache;
  const at::Tensor single = at::empty({0}), twice = at::empty({0}, at::TensorOptions().dtype(at::kDouble));
};

TEST_F(DeviceBagsTest, WithoutRoomNothingStays) {
  DeviceBags bags(cache, at::kCPU, 0);
  for (int p = 0; p < 13; ++p) EXPECT_TRUE(bags.bag(patient(0, p), single).equal(expected(patient(0, p), single)));
  EXPECT_EQ(bags.resident(), 0u);
}

TEST_F(DeviceBagsTest, BagThatWasUsedStaysAndComesInTheTypeThatIsAskedFor) {
  DeviceBags bags(cache, at::kCPU, kLargeRoom);
  for (int round = 0; round < 2; ++round) {
    for (const at::Tensor& like : {single, twice}) {
      const at::Tensor bag = bags.bag(patient(1, 2), like);
      EXPECT_EQ(bag.scalar_type(), like.scalar_type());
      EXPECT_TRUE(bag.equal(expected(patient(1, 2), like)));
    }
  }
  EXPECT_EQ(bags.resident(), 1u);
  EXPECT_EQ(bags.room(), kLargeRoom - bytes(patient(1, 2)));
  const at::Tensor before = bags.bag(patient(1, 2), single);
  cache.forget();
  EXPECT_TRUE(bags.bag(patient(1, 2), single).equal(before)) << "a copy, not the cache's";
}

TEST_F(DeviceBagsTest, BagThatFindsNoRoomIsCopiedForEachUse) {
  DeviceBags bags(cache, at::kCPU, bytes(patient(0, 0)));
  for (int round = 0; round < 2; ++round) {
    for (int p = 0; p < 3; ++p) EXPECT_TRUE(bags.bag(patient(0, p), single).equal(expected(patient(0, p), single)));
  }
  EXPECT_EQ(bags.resident(), 1u);
  EXPECT_EQ(bags.room(), 0u);
}

TEST_F(DeviceBagsTest, AdoptedBagsAreViewsOfTheirBuffer) {
  DeviceBags bags(cache, at::kCPU, kLargeRoom);
  const at::Tensor buffer = bags.reserve(5, testing::kTinyWidth);
  buffer.fill_(0.5);
  bags.adopt(0, {{3, 2}, {4, 0}, {7, 3}}, buffer);
  EXPECT_EQ(bags.resident(), 2u);
  EXPECT_EQ(bags.room(), kLargeRoom - 5 * testing::kTinyWidth * 2);
  EXPECT_EQ(bags.bag(patient(0, 3), single).size(0), 2);
  buffer.narrow(0, 2, 3).fill_(0.25);
  EXPECT_TRUE(bags.bag(patient(0, 7), single).equal(at::empty({3, testing::kTinyWidth}).fill_(0.25)));
  EXPECT_TRUE(bags.bag(patient(0, 3), single).equal(at::empty({2, testing::kTinyWidth}).fill_(0.5)));
  EXPECT_TRUE(bags.bag(patient(0, 4), single).equal(expected(patient(0, 4), single))) << "without tiles: the cache's";
}

TEST_F(DeviceBagsTest, BufferThatDoesNotFitIsRefused) {
  DeviceBags bags(cache, at::kCPU, 5 * testing::kTinyWidth * 2);
  EXPECT_FALSE(bags.reserve(6, testing::kTinyWidth).defined());
  const at::Tensor buffer = bags.reserve(5, testing::kTinyWidth);
  EXPECT_THROW(bags.adopt(0, {{3, 2}, {7, 4}}, buffer), Error);
  EXPECT_EQ(bags.resident(), 0u);
  bags.adopt(0, {{3, 5}}, buffer);
  EXPECT_THROW(bags.adopt(1, {{3, 5}}, buffer), Error) << "there is no room for a second one";
}

TEST_F(DeviceBagsTest, DroppedBagsComeOutOfTheCacheAndStayNoMore) {
  DeviceBags bags(cache, at::kCPU, kLargeRoom);
  bags.bag(patient(0, 1), single);
  bags.drop();
  EXPECT_EQ(bags.room(), 0u);
  EXPECT_TRUE(bags.bag(patient(0, 1), single).equal(expected(patient(0, 1), single)));
  EXPECT_EQ(bags.resident(), 0u);
}

}  // namespace
}  // namespace mtlgrid
