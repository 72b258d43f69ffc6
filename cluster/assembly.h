// Reassembles the messages of one rank from the parts in which they are sent: each message follows its length, 8 bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

class Assembly {
 public:
  // Throws Error(fatal) for a length above `kMaximumFrame`, which our messages never have: the stream is broken.
  void add(std::string_view part) {
    bytes_.append(part);
    std::size_t begin = 0;
    for (std::uint64_t length = 0; bytes_.size() - begin >= sizeof(length); begin += sizeof(length) + length) {
      std::memcpy(&length, bytes_.data() + begin, sizeof(length));
      if (length > kMaximumFrame) {
        throw Error(ErrorKind::fatal, "a message of " + std::to_string(length) + " bytes: the stream is broken");
      }
      if (bytes_.size() - begin - sizeof(length) < length) break;
      messages_.push_back(bytes_.substr(begin + sizeof(length), length));
    }
    bytes_.erase(0, begin);
  }
  std::optional<std::string> next() {
    if (messages_.empty()) return std::nullopt;
    std::string message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }

 private:
  std::string bytes_;  // of an incomplete message
  std::deque<std::string> messages_;
};

}  // namespace mtlgrid
