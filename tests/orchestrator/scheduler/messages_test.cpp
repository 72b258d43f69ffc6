#include "orchestrator/scheduler/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Encodes, sends and decodes an empty message of each alternative.
template <typename Variant, std::size_t Alternative = 0>
void expect_round_trips() {
  if constexpr (Alternative < std::variant_size_v<Variant>) {
    using Message = std::variant_alternative_t<Alternative, Variant>;
    if constexpr (!std::is_same_v<Message, OtherMessage>) {
      const nlohmann::json sent = encode_message(Variant(Message{}));
      EXPECT_EQ(sent.at("type"), Message::kType);
      const auto arrived = nlohmann::json::from_msgpack(nlohmann::json::to_msgpack(sent));
      const auto message = decode_message<Variant>(arrived, "a test");
      EXPECT_EQ(message.index(), Alternative) << Message::kType;
      // As bytes: a NaN is not equal to itself.
      EXPECT_EQ(nlohmann::json::to_msgpack(encode_message(message)), nlohmann::json::to_msgpack(sent))
          << Message::kType;
    }
    expect_round_trips<Variant, Alternative + 1>();
  }
}

TEST(Messages, EveryAlternativeArrivesAsItWasSent) {
  expect_round_trips<ToCoordinator>();
  expect_round_trips<ToWorker>();
  expect_round_trips<ToTrainer>();
  expect_round_trips<FromTrainer>();
}

TEST(Messages, OneOfAnotherTypeIsPassedOnWhole) {
  const auto message = decode_message<ToWorker>({{"type", "rehearse"}, {"order", "ping"}}, "the coordinator");
  const auto& other = std::get<OtherMessage>(message);
  EXPECT_EQ(other.type, "rehearse");
  EXPECT_EQ(other.content.at("order"), "ping");
  EXPECT_EQ(encode_message(message), other.content);
}

// What the decoder says of it.
template <typename Variant>
std::string refusal_of(const nlohmann::json& message) {
  try {
    decode_message<Variant>(message, "worker 7");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Messages, MalformedOnesNameTheSender) {
  EXPECT_THAT(refusal_of<ToCoordinator>({{"type", "cell_failed"}}), HasSubstr("worker 7 sent a malformed message"));
  EXPECT_THAT(refusal_of<ToCoordinator>({{"no", "type"}}), HasSubstr("worker 7"));
  EXPECT_THAT(refusal_of<FromTrainer>({{"type", "gibberish"}}), AllOf(HasSubstr("worker 7"), HasSubstr("gibberish")));
}

}  // namespace
}  // namespace mtlgrid
