#include "datasets/features/reader_frames.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <stdexcept>

namespace mtlgrid {
namespace {

constexpr std::size_t kNumberBytes = 4, kMostFields = 64;

void put_number(std::string& out, std::size_t number) {
  for (std::size_t i = 0; i < kNumberBytes; ++i) out += static_cast<char>(number >> (8 * i) & 0xff);
}

std::size_t number_at(std::string_view bytes) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < kNumberBytes; ++i) {
    number |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return number;
}

}  // namespace

std::string to_frame(const FrameFields& fields) {
  constexpr std::size_t kLongestField = kLongestFrame / kMostFields - kNumberBytes;
  if (fields.size() > kMostFields) throw std::logic_error("to_frame: more fields than a frame has");
  std::string body;
  for (const std::string& field : fields) {
    const std::size_t size = std::min(field.size(), kLongestField);
    put_number(body, size);
    body.append(field, 0, size);
  }
  std::string frame;
  put_number(frame, body.size());
  return frame + body;
}

std::optional<FrameFields> take_frame(std::string& bytes) {
  if (bytes.size() < kNumberBytes) return std::nullopt;
  const std::size_t size = number_at(bytes);
  if (size > kLongestFrame) throw Nonsense();
  if (bytes.size() - kNumberBytes < size) return std::nullopt;
  FrameFields fields;
  std::string_view body = std::string_view(bytes).substr(kNumberBytes, size);
  while (!body.empty()) {
    if (body.size() < kNumberBytes || fields.size() == kMostFields) throw Nonsense();
    const std::size_t field = number_at(body);
    body.remove_prefix(kNumberBytes);
    if (field > body.size()) throw Nonsense();
    fields.emplace_back(body.substr(0, field));
    body.remove_prefix(field);
  }
  if (fields.empty()) throw Nonsense();
  bytes.erase(0, kNumberBytes + size);
  return fields;
}

bool write_frame(int pipe, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(pipe, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd writable{pipe, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (written == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace mtlgrid
