#include "orchestrator/session/keep_alive.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "orchestrator/session/mailbox.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;

// Three ranks; this one is the first. Takes messages in and gives those that were put in.
class ThreeRanks : public Transport {
 public:
  int ranks = 3;
  std::deque<Incoming> arrived;
  std::atomic<int> sent[3] = {0, 0, 0};
  std::string last;

  int rank() const override { return 0; }
  int size() const override { return ranks; }
  void send(int to, std::string bytes) override {
    last = std::move(bytes);
    ++sent[to];
  }
  std::optional<Incoming> receive() override {
    if (arrived.empty()) return std::nullopt;
    Incoming first = arrived.front();
    arrived.pop_front();
    return first;
  }
  bool idle() const override { return true; }
  void finish(bool) override {}
};

TEST(KeepAliveTransport, AreSentToTheOthersWhileWorkGoesOn) {
  ThreeRanks ranks;
  KeepAliveTransport heard(ranks, 0.01);
  heard.during([&] {
    while (ranks.sent[1] < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  EXPECT_EQ(ranks.sent[0], 0);
  EXPECT_EQ(ranks.sent[1], ranks.sent[2]);
  ranks.arrived.push_back({0, ranks.last});
  const auto take = [](int, Addressee addressee, const nlohmann::json& message) {
    EXPECT_EQ(addressee, Addressee::worker);
    EXPECT_EQ(message.at("type"), "ping");
  };
  receive_mail(heard, take, [](int, const std::string& why) { ADD_FAILURE() << why; });
}

TEST(KeepAliveTransport, WhatArrivesMeanwhileIsReceivedAfterwardsInItsOrder) {
  ThreeRanks ranks;
  ranks.arrived = {{1, "a"}, {2, "b"}};
  KeepAliveTransport heard(ranks, 0.01);
  heard.during([&] {
    while (ranks.sent[1] < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  ranks.arrived.push_back({1, "c"});
  std::vector<std::string> received;
  while (const auto incoming = heard.receive()) received.push_back(incoming->bytes);
  EXPECT_THAT(received, ElementsAre("a", "b", "c"));
}

TEST(KeepAliveTransport, WhatTheWorkThrowsIsThrown) {
  ThreeRanks ranks;
  KeepAliveTransport heard(ranks);
  EXPECT_THROW(heard.during([] { throw std::invalid_argument("bad"); }), std::invalid_argument);
}

TEST(KeepAliveTransport, AloneTheWorkIsDoneHere) {
  ThreeRanks ranks;
  ranks.ranks = 1;
  KeepAliveTransport heard(ranks);
  std::thread::id worked;
  heard.during([&] { worked = std::this_thread::get_id(); });
  EXPECT_EQ(worked, std::this_thread::get_id());
  EXPECT_EQ(ranks.sent[1], 0);
}

}  // namespace
}  // namespace mtlgrid
