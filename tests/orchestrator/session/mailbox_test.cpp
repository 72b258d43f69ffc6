// Bytes from other ranks: a message, or refused with the reason.
#include "orchestrator/session/mailbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;

class Arrivals : public Transport {
 public:
  explicit Arrivals(std::vector<Incoming> mail) : mail_(mail.begin(), mail.end()) {}
  int rank() const override { return 0; }
  int size() const override { return 8; }
  void send(int, std::string) override {}
  std::optional<Incoming> receive() override {
    if (mail_.empty()) return std::nullopt;
    Incoming first = std::move(mail_.front());
    mail_.pop_front();
    return first;
  }
  bool idle() const override { return true; }
  void finish(bool) override {}

 private:
  std::deque<Incoming> mail_;
};

struct Received {
  std::vector<std::string> taken, refused;
};

Received receive(std::vector<Transport::Incoming> arriving) {
  Arrivals transport(std::move(arriving));
  Received received;
  const auto take = [&](int from, Addressee, const nlohmann::json& message) {
    received.taken.push_back(std::to_string(from) + " " + message.at("type").get<std::string>());
  };
  const int count = receive_mail(transport, take, [&](int from, const std::string& why) {
    received.refused.push_back(std::to_string(from) + " " + why);
  });
  EXPECT_EQ(static_cast<std::size_t>(count), received.taken.size() + received.refused.size());
  return received;
}

std::string mail(char addressee, const nlohmann::json& message) {
  std::string bytes(1, addressee);
  nlohmann::json::to_msgpack(message, bytes);
  return bytes;
}

TEST(Mail, WhatIsNoMessageIsRefusedAndTheRestIsTaken) {
  const Received received = receive({{1, mail('c', {{"type", "bye"}})},
                                     {2, ""},
                                     {2, "xy"},
                                     {3, "c\xc1"},
                                     {3, mail('c', {1, 2})},
                                     {4, mail('c', {{"type", 7}})},
                                     {5, "c" + std::string(4'000'000, '\x91')},
                                     {6, "c\xdd\xff\xff\xff\xff"},
                                     {1, mail('c', {{"type", "hello"}})}});
  EXPECT_THAT(received.taken, ElementsAre("1 bye", "1 hello"));
  EXPECT_THAT(
      received.refused,
      ElementsAre("2 sent a message without an addressee", "2 sent a message without an addressee",
                  "3 sent bytes that are not MessagePack: malformed at byte 1", "3 sent a message without a type",
                  "4 sent a message without a type",
                  "5 sent bytes that are not MessagePack: arrays and objects nested deeper than 64",
                  "6 sent bytes that are not MessagePack: an array or object of 4294967295 elements in 5 bytes"));
}

TEST(Mail, OrdersComeFromRankZeroAlone) {
  const Received received = receive({{0, mail('w', {{"type", "stop"}})}, {1, mail('w', {{"type", "shutdown"}})}});
  EXPECT_THAT(received.taken, ElementsAre("0 stop"));
  EXPECT_THAT(received.refused, ElementsAre("1 sent an order, as rank 0 alone does"));
}

}  // namespace
}  // namespace mtlgrid
