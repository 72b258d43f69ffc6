// Pillow's resampling of 8-bit images, written out: the same bits as its Image.resize and Image.reduce give.
//
// Two passes, along rows and then along columns, with 8 bits a channel between them; columns first where an image loses
// more than twice as many rows as columns (since Pillow 13; versions before begin with the rows). Weights are computed
// in double precision and rounded to 22 fractional bits; sums are exact integers, so the CPU does not matter. Source of
// the rules: Pillow 13.0, src/libImaging/Resample.c and Reduce.c, PIL/Image.py.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/slides/image.h"

namespace mtlgrid {

enum class ResampleFilter { bicubic, lanczos };

// The weights of one axis: output i is the sum over t < count[i] of weights[i * taps + t] * input[first[i] + t].
struct ResampleAxis {
  int in = 0, out = 0;
  int taps = 0;                       // of the longest output
  std::vector<int> first, count;      // [out]
  std::vector<std::int32_t> weights;  // [out, taps], in 1/2^22
};
// From `in` pixels, of which those from `begin` to `end` (fractions allowed, rounded to float as Pillow does) are
// stretched over `out` pixels. Where the image becomes smaller the filter becomes wider by as much (antialiasing).
ResampleAxis resample_axis(int in, double begin, double end, int out, ResampleFilter filter);

// Along rows: `in` has `rows` rows of axis.in pixels of 4 bytes, `out` gets as many of axis.out pixels.
void resample_rows(const ResampleAxis& axis, const std::uint8_t* in, int rows, std::uint8_t* out);
// Along columns: rows `begin` to `end` of the axis.out rows of the result. image.height must be axis.in.
Image resample_columns(const ResampleAxis& axis, const Image& image, int begin, int end);

// Image.resize(size, filter, box): of the box from (0, 0) to (box_width, box_height), 0 meaning the whole image. All
// four channels are treated alike: for transparency premultiply first.
Image resize(const Image& image, int width, int height, ResampleFilter filter, double box_width = 0,
             double box_height = 0);
// The same of RGBA: premultiplied, resampled, divided again. An image of this size already comes back as it is.
Image resize_rgba(const Image& image, int width, int height, ResampleFilter filter);

// Colours times alpha (rounded to nearest), as Pillow's conversion from RGBA to RGBa; in place, `pixels` of 4 bytes.
void premultiply(std::uint8_t* rgba, std::size_t pixels);
// The inverse, 255 c / a rounded down and at most 255; where alpha is 0 nothing changes.
void unpremultiply(std::uint8_t* rgba, std::size_t pixels);

}  // namespace mtlgrid
