// Reading bytes of an open file at a position of the caller's choice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mtlgrid {

// Fills `out` with the bytes of `file` (a descriptor) from `offset` on, continuing after short reads and EINTR. Returns
// how many there were, fewer than asked where the file ends or the system refuses: then `error` is the errno, else 0.
std::size_t read_at(int file, std::uint64_t offset, std::span<std::byte> out, int& error);

}  // namespace mtlgrid
