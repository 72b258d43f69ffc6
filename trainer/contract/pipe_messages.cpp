#include "trainer/contract/pipe_messages.h"

#include <set>

#include "base/errors.h"

namespace mtlgrid {

std::string encode_frame(const nlohmann::json& message) {
  std::string frame(4, '\0');
  nlohmann::json::to_msgpack(message, frame);
  const std::size_t length = frame.size() - 4;
  if (length > kMaximumFrame)
    throw Error(ErrorKind::fatal, "message of " + std::to_string(length) + " bytes is too long");
  for (int i = 0; i < 4; ++i) frame[static_cast<std::size_t>(i)] = static_cast<char>((length >> (8 * i)) & 0xff);
  return frame;
}

void FrameReader::feed(std::string_view bytes) { buffer_.append(bytes); }

std::optional<nlohmann::json> FrameReader::next() {
  if (buffer_.size() < 4) return std::nullopt;
  std::size_t length = 0;
  for (int i = 0; i < 4; ++i) {
    length |= static_cast<std::size_t>(static_cast<unsigned char>(buffer_[static_cast<std::size_t>(i)])) << (8 * i);
  }
  if (length > kMaximumFrame)
    throw Error(ErrorKind::fatal, "frame of " + std::to_string(length) + " bytes: broken stream");
  if (buffer_.size() < 4 + length) return std::nullopt;
  try {
    auto message = decode_msgpack(std::string_view(buffer_).substr(4, length), limits_);
    buffer_.erase(0, 4 + length);
    if (!has_type(message)) throw Error(ErrorKind::fatal, "message without a type");
    return message;
  } catch (const DecodeError& e) {
    throw Error(ErrorKind::fatal, std::string("message is not MessagePack: ") + e.what());
  }
}

template ToTrainer decode_message(const nlohmann::json&, const std::string&);
template FromTrainer decode_report(const nlohmann::json&, const std::string&);

void require_pack(const TrainPack& pack) {
  if (pack.members.empty()) throw Error(ErrorKind::fatal, "a pack without cells");
  const Cell& first = pack.members[0].cell;
  std::set<std::string> methods;
  for (const Train& member : pack.members) {
    const Cell& cell = member.cell;
    if (!cell.same_group(first) || !methods.insert(cell.method).second) {
      throw Error(ErrorKind::fatal, cell.name() + " does not go into one pack with " + first.name());
    }
  }
}

}  // namespace mtlgrid
