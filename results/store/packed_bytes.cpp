#include "results/store/packed_bytes.h"

namespace mtlgrid {

using nlohmann::json;

namespace {

constexpr std::size_t kPart = 1 << 16;  // bytes passed at once, about

}  // namespace

PackedBytes::~PackedBytes() {
  if (!part_.empty()) out_(part_);
}

void PackedBytes::pass_if_full() {
  if (part_.size() < kPart) return;
  out_(part_);
  part_.clear();
}

void PackedBytes::value(const json& value) {
  const std::vector<std::uint8_t> bytes = json::to_msgpack(value);
  part_.insert(part_.end(), bytes.begin(), bytes.end());
  pass_if_full();
}

// The type's short form up to `most`; otherwise its code `longer` with a length of 1 byte (texts have that), 2 or 4.
void PackedBytes::length(std::size_t size, std::size_t shortest, std::size_t most, std::size_t longer, bool has_byte) {
  const int bytes = size <= most ? 0 : has_byte && size <= 0xff ? 1 : size <= 0xffff ? 2 : 4;
  const std::size_t code = bytes == 0 ? shortest | size : longer + (bytes == 1 ? 0 : bytes == 2 ? 1 : 2);
  part_.push_back(static_cast<std::uint8_t>(code));
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) part_.push_back(static_cast<std::uint8_t>(size >> shift));
}

void PackedBytes::text(std::string_view text) {
  length(text.size(), 0xa0, 31, 0xd9, true);
  part_.insert(part_.end(), text.begin(), text.end());
  pass_if_full();
}

void PackedBytes::array(std::size_t size) { length(size, 0x90, 15, 0xdb, false); }
void PackedBytes::map(std::size_t size) { length(size, 0x80, 15, 0xdd, false); }

void PackedBytes::number(int number) {
  if (number < 0 || number > 127) return value(number);
  part_.push_back(static_cast<std::uint8_t>(number));
}

}  // namespace mtlgrid
