#include "cluster/transport.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "base/errors.h"
#include "cluster/assembly.h"
#include "cluster/loopback_transport.h"
#include "cluster/mpi_transport.h"
#include "tests/cluster/fake_transport.h"

namespace mtlgrid {
namespace {

std::vector<std::string> received(Transport& transport) {
  std::vector<std::string> messages;
  while (auto message = transport.receive()) messages.push_back(std::to_string(message->from) + message->bytes);
  return messages;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Loopback, KeepsOrderAndBytes) {
  const auto transport = make_loopback_transport();
  EXPECT_EQ(transport->rank(), 0);
  EXPECT_EQ(transport->size(), 1);
  transport->send(0, "a");
  transport->send(0, std::string("\0b", 2));
  transport->send(0, "");
  EXPECT_THAT(received(*transport), ElementsAre("0a", std::string("0\0b", 3), "0"));
  EXPECT_FALSE(transport->receive().has_value());
  EXPECT_TRUE(transport->idle());
  transport->finish(true);
}

TEST(Loopback, HasNoOtherRank) {
  const auto transport = make_loopback_transport();
  EXPECT_THROW(transport->send(1, "a"), Error);
}

TEST(Mpi, IsNotStartedOutsideALauncher) {
  if (std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr) {
    GTEST_SKIP() << "this test runs under a launcher";
  }
  EXPECT_EQ(make_mpi_transport(nullptr, nullptr), nullptr);
}

TEST(FakeNetwork, DeliversInOrder) {
  FakeNetwork network(3);
  const auto a = network.transport(0), b = network.transport(1);
  a->send(1, "x");
  b->send(1, "y");
  a->send(1, "z");
  EXPECT_EQ(network.waiting(), 3u);
  EXPECT_THAT(received(*b), ElementsAre("0x", "1y", "0z"));
  EXPECT_THAT(received(*a), IsEmpty());
  EXPECT_EQ(network.sent().size(), 3u);
}

TEST(FakeNetwork, ALostRankNeitherSendsNorReceives) {
  FakeNetwork network(3);
  const auto a = network.transport(0), b = network.transport(1), c = network.transport(2);
  b->send(0, "before");
  a->send(1, "never read");
  network.lose(1);
  b->send(0, "after");
  a->send(1, "to nobody");
  c->send(0, "alive");
  EXPECT_THAT(received(*a), ElementsAre("1before", "2alive"));
  EXPECT_THAT(received(*b), IsEmpty());
}

TEST(FakeNetwork, HeldMessagesArriveLateAndInOrder) {
  FakeNetwork network(2);
  const auto a = network.transport(0), b = network.transport(1);
  network.hold(0, 1);
  a->send(1, "x");
  a->send(1, "y");
  EXPECT_THAT(received(*b), IsEmpty());
  network.release(0, 1);
  a->send(1, "z");
  EXPECT_THAT(received(*b), ElementsAre("0x", "0y", "0z"));
}

std::string with_length(std::uint64_t length, const std::string& bytes) {
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + bytes;
}

TEST(Assembly, PutsMessagesTogetherFromPartsOfAnySize) {
  const std::string stream = with_length(3, "abc") + with_length(0, "") + with_length(1, "x");
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    Assembly assembly;
    std::vector<std::string> messages;
    for (std::size_t at = 0; at < stream.size(); at += size) {
      assembly.add(stream.substr(at, size));
      while (auto message = assembly.next()) messages.push_back(*message);
    }
    EXPECT_EQ(messages, (std::vector<std::string>{"abc", "", "x"})) << size;
  }
}

TEST(Assembly, RefusesALengthThatNoMessageHas) {
  Assembly assembly;
  EXPECT_THROW(assembly.add(with_length(kMaximumFrame + 1, "")), Error);
  Assembly huge;
  EXPECT_THROW(huge.add(with_length(~std::uint64_t{0}, "x")), Error);
}

}  // namespace
}  // namespace mtlgrid
