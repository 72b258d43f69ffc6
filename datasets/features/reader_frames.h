// What a process that wants feature files read and the one that reads them say to each other through two pipes.
//
// A frame is a u32, the bytes that follow; then fields, each a u32 with its bytes and these bytes. Little-endian.
//   asked:    path, "header", "values" or "describe", "1" to try again what may pass
//   answered: "ready" once at the start; "working" now and then while a file is read; then one of
//     "read", and what was read (reader_answer.cpp)
//     "fault", cause, expected, detail     FileFault
//     "system", cause, advice, errno       SystemError
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

using FrameFields = std::vector<std::string>;

// Paths, names and messages: no frame is longer.
inline constexpr std::size_t kLongestFrame = 1 << 20;

// Fields that would make the frame too long are cut; 64 fields at most (std::logic_error).
std::string to_frame(const FrameFields& fields);

// What was received makes no sense: the process at the other end may have read a hostile file, and say
// anything.
class Nonsense : public std::runtime_error {
 public:
  Nonsense() : std::runtime_error("the process that reads feature files says nonsense") {}
};

// Takes the first frame off `bytes` if it is there as a whole. Throws Nonsense.
std::optional<FrameFields> take_frame(std::string& bytes);

// Writes all of `bytes`, and waits where the pipe is full. False if nobody reads.
bool write_frame(int pipe, std::string_view bytes);

}  // namespace mtlgrid
