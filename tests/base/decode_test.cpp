#include "base/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace mtlgrid {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::string packed(const json& value) {
  std::string bytes;
  json::to_msgpack(value, bytes);
  return bytes;
}

// What the decoder says of it; empty if nothing.
template <typename Decode>
std::string refusal(Decode decode, const std::string& bytes, const DecodeLimits& limits = {}) {
  try {
    decode(bytes, limits);
  } catch (const DecodeError& e) {
    return e.what();
  }
  return "";
}
std::string refusal_of_msgpack(const std::string& bytes, const DecodeLimits& limits = {}) {
  return refusal(decode_msgpack, bytes, limits);
}
std::string refusal_of_json(const std::string& text, const DecodeLimits& limits = {}) {
  return refusal(decode_json, text, limits);
}

TEST(Decode, GivesBackWhatWasEncoded) {
  const json value = {{"text", "naïve"},
                      {"number", -3},
                      {"large", std::uint64_t{1} << 63},
                      {"real", 0.1},
                      {"nothing", nullptr},
                      {"truth", true},
                      {"bytes", json::binary({0, 1, 255})},
                      {"nested", {{{"a", json::array()}}, {1, 2, {3, json::object()}}}}};
  EXPECT_EQ(decode_msgpack(packed(value)), value);
  json text = value;
  text.erase("bytes");
  EXPECT_EQ(decode_json(text.dump()), text);
  EXPECT_EQ(decode_json(" 7 "), 7);
}

TEST(Decode, MissingNumbersArriveInMessagePack) {
  EXPECT_TRUE(std::isnan(decode_msgpack(packed(std::nan(""))).get<double>()));
  EXPECT_THAT(refusal_of_json("[NaN]"), HasSubstr("malformed at byte"));
}

TEST(Decode, DeepNestingEndsAtTheLimit) {
  const int depth = DecodeLimits{}.depth;
  const auto nested = [](int deep, char open) { return std::string(static_cast<std::size_t>(deep), open); };
  const auto at_limit = static_cast<std::size_t>(depth);
  EXPECT_EQ(refusal_of_msgpack(nested(depth, '\x91') + '\xc0'), "");
  EXPECT_EQ(refusal_of_json(nested(depth, '[') + std::string(at_limit, ']')), "");
  EXPECT_EQ(refusal_of_msgpack(nested(depth + 1, '\x91') + '\xc0'), "arrays and objects nested deeper than 64");
  EXPECT_THAT(refusal_of_msgpack(nested(4'000'000, '\x91')), HasSubstr("nested deeper than 64"));
  EXPECT_THAT(refusal_of_json(nested(4'000'000, '[')), HasSubstr("nested deeper than 64"));
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) objects += "\x81\xa1k";
  EXPECT_THAT(refusal_of_msgpack(objects), HasSubstr("nested deeper than 64"));
}

TEST(Decode, ClaimedLengthsTakeNoMemory) {
  EXPECT_THAT(refusal_of_msgpack("\xdd\xff\xff\xff\xff\xc0"), HasSubstr("4294967295 elements in 6 bytes"));
  EXPECT_THAT(refusal_of_msgpack("\xdf\xff\xff\xff\xff\xc0"), HasSubstr("4294967295 elements in 6 bytes"));
  EXPECT_THAT(refusal_of_msgpack("\xdb\xff\xff\xff\xff"
                                 "a"),
              HasSubstr("malformed at byte"));
  EXPECT_THAT(refusal_of_msgpack("\xc6\xff\xff\xff\xff"
                                 "a"),
              HasSubstr("malformed at byte"));
}

TEST(Decode, BytesAndValuesAreCounted) {
  EXPECT_EQ(refusal_of_json("[1,2]", {.values = 3}), "");
  EXPECT_EQ(refusal_of_json("[1,2,3]", {.values = 3}), "more than 3 values");
  EXPECT_EQ(refusal_of_msgpack(packed({1, 2, 3}), {.values = 3}), "more than 3 values");
  EXPECT_EQ(refusal_of_json("[1,2,3]", {.bytes = 6}), "7 bytes, at most 6 are read");
}

TEST(Decode, WhatTwoReadersCouldReadDifferentlyIsRefused) {
  EXPECT_EQ(refusal_of_json(R"({"a": 1, "b": {"a": 2}, "a": 3})"), "two fields 'a' in one object");
  EXPECT_EQ(refusal_of_msgpack("\x82\xa1"
                               "a\x01\xa1"
                               "a\x02"),
            "two fields 'a' in one object");
  EXPECT_THAT(refusal_of_json("[1] 2"), HasSubstr("malformed at byte"));
  EXPECT_THAT(refusal_of_msgpack("\x01\x02"), HasSubstr("malformed at byte"));
  EXPECT_THAT(refusal_of_msgpack(std::string("\xd4\x01\x00", 3)), HasSubstr("extension type"));
  EXPECT_THAT(refusal_of_json("1e999"), HasSubstr("a number too large"));
  EXPECT_THAT(refusal_of_json("\"\xff\""), HasSubstr("malformed at byte"));
}

TEST(Decode, ReasonsAreShortAndPrintable) {
  EXPECT_THAT(refusal_of_json("{\"\\u001b[2J\": 1, \"\\u001b[2J\": 2}"), HasSubstr("'\\x1b[2J'"));
  EXPECT_LT(refusal_of_json("[\"" + std::string(1 << 20, 'x')).size(), 100U);
}

TEST(Decode, DamageMayBeNoError) {
  EXPECT_EQ(decode_json_if_valid("{").has_value(), false);
  EXPECT_EQ(decode_json_if_valid("{}"), json::object());
}

}  // namespace
}  // namespace mtlgrid
