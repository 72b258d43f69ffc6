// MessagePack written part by part, for values that would not fit into memory as JSON values.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace mtlgrid {

// Writes the bytes that nlohmann::json::to_msgpack writes: each number and length in its shortest form. The caller
// opens arrays and maps with their sizes and then writes their elements, maps' keys in ascending order.
class PackedBytes {
 public:
  // `out` receives the bytes, in parts of some 64 KiB; the last one when this object goes.
  explicit PackedBytes(std::function<void(std::span<const std::uint8_t>)> out) : out_(std::move(out)) {}
  ~PackedBytes();
  PackedBytes(const PackedBytes&) = delete;
  PackedBytes& operator=(const PackedBytes&) = delete;

  void value(const nlohmann::json& value);
  void text(std::string_view text);
  void array(std::size_t size);
  void map(std::size_t size);
  void number(int number);

 private:
  void length(std::size_t size, std::size_t shortest, std::size_t most, std::size_t longer, bool has_byte);
  void pass_if_full();

  std::function<void(std::span<const std::uint8_t>)> out_;
  std::vector<std::uint8_t> part_;
};

}  // namespace mtlgrid
