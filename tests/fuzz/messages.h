// Messages between processes as inputs: MessagePack as it is sent, or JSON text, which changes more sensibly.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/decode.h"

namespace mtlgrid::fuzz {

// The MessagePack that `input` stands for.
inline std::string as_message(const std::string& input) {
  if (!input.starts_with('{')) return input;
  const auto json = decode_json_if_valid(input);
  if (!json) return input;
  std::string bytes;
  nlohmann::json::to_msgpack(*json, bytes);
  return bytes;
}

}  // namespace mtlgrid::fuzz
