// Passes over pixels of 4 bytes that are nearly always opaque: what is opaque is passed over at memory speed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace mtlgrid {

// From OpenSlide's pixels (32 bits, ARGB in the machine's byte order, premultiplied) to bytes R, G, B, A that are not
// premultiplied, in place, as openslide-python converts them: 255 c / a rounded down, its lowest 8 bits.
void to_rgba(std::uint32_t* pixels, std::size_t count);

// Calls `change` with each pixel that is not opaque (A below 255), in order. `rgba`: [pixels, 4].
void for_transparent(std::uint8_t* rgba, std::size_t pixels, const std::function<void(std::uint8_t*)>& change);

}  // namespace mtlgrid
