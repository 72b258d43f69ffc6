// One envelope for all messages between processes: an object with "type", and the fields of the message of that type.
//
// The messages of a direction are a std::variant; each alternative is a struct with `static constexpr const char*
// kType`, and JSON conversions unless it is empty. Whoever receives them visits the variant with one overload for each
// alternative and none for all, so that a message that nobody handles does not compile.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <variant>

#include "base/errors.h"

namespace mtlgrid {

// A message of a type that is none of the variant's. A direction whose variant has this alternative passes it on, for
// those who know the type; in a variant without it such a message is an error.
struct OtherMessage {
  std::string type;
  nlohmann::json content;  // the whole message
};

// The message as it is sent.
template <typename Message>
nlohmann::json encode_message(const Message& message) {
  nlohmann::json j = nlohmann::json::object();
  if constexpr (!std::is_empty_v<Message>) j = message;
  j["type"] = Message::kType;
  return j;
}
inline nlohmann::json encode_message(const OtherMessage& message) {
  nlohmann::json j = message.content;
  j["type"] = message.type;
  return j;
}
template <typename... Messages>
nlohmann::json encode_message(const std::variant<Messages...>& message) {
  return std::visit([](const auto& alternative) { return encode_message(alternative); }, message);
}

namespace envelope_detail {

// Whether `j` is of the alternative's type; then `message` is made of it.
template <typename Message, typename Variant>
bool take_as(const nlohmann::json& j, const std::string& type, Variant& message) {
  if constexpr (std::is_same_v<Message, OtherMessage>) {
    return false;
  } else {
    if (type != Message::kType) return false;
    if constexpr (std::is_empty_v<Message>) {
      message = Message{};
    } else {
      message = j.get<Message>();
    }
    return true;
  }
}

template <typename... Messages>
void decode(const nlohmann::json& j, const std::string& sender, std::variant<Messages...>& message) {
  const std::string type = j.at("type");
  if ((take_as<Messages>(j, type, message) || ...)) return;
  if constexpr ((std::is_same_v<Messages, OtherMessage> || ...)) {
    message = OtherMessage{type, j};
  } else {
    throw Error(ErrorKind::fatal, sender + " sent a message of unknown type '" + type + "'");
  }
}

}  // namespace envelope_detail

// The message that was sent as `j`. Throws Error(fatal) naming `sender` on a message of unknown type or shape.
template <typename Variant>
Variant decode_message(const nlohmann::json& j, const std::string& sender) {
  Variant message;
  try {
    envelope_detail::decode(j, sender, message);
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::fatal, sender + " sent a malformed message: " + e.what());
  }
  return message;
}

// Whether `message` is an object with the text "type": all that is asked before it is passed on undecoded.
bool has_type(const nlohmann::json& message);

// Whether every field of `decoded` is in `received` with the same value, or not at all. JSON conversions take 1.5 and
// true for an int, and keep the lower bits of one that is too large. NaN is equal to itself here.
bool same_fields(const nlohmann::json& received, const nlohmann::json& decoded);

// As decode_message, of what a trainer or a rank reports: a value that its field cannot hold is an error too.
template <typename Variant>
Variant decode_report(const nlohmann::json& j, const std::string& sender) {
  Variant message = decode_message<Variant>(j, sender);
  if (!same_fields(j, encode_message(message))) {
    throw Error(ErrorKind::fatal, sender + " sent a malformed message: a field of another type, or out of range");
  }
  return message;
}

// As the alternative for types that the variant does not know.
template <typename Message>
OtherMessage other_message(const Message& message) {
  return {Message::kType, message};
}

}  // namespace mtlgrid
