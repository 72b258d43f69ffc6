// A small image of a whole slide, as openslide-python's get_thumbnail makes it, in bounded memory.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "datasets/slides/image.h"
#include "datasets/slides/slide.h"

namespace mtlgrid {

// Pillow's Image.reduce: each pixel is the rounded mean of factor_x x factor_y pixels, at the right and lower edge of
// those that are there. The pixels may be added in any order and in parts; the result is the same.
class Reducer {
 public:
  // Factors are from 1 to 4,096.
  Reducer(int width, int height, int factor_x, int factor_y);
  // Adds a part whose upper left pixel is (x, y) of the whole; what reaches beyond the whole is left out.
  void add(const Image& part, int x, int y);
  // The reduced image, once every pixel has been added once.
  Image result() const;

 private:
  int width_, height_, factor_x_, factor_y_, out_width_, out_height_;
  std::vector<std::uint32_t> sums_;  // [out_height, out_width, 4]
};

// The size that Pillow's Image.thumbnail gives an image of width x height that must fit into most_width x most_height:
// the aspect is kept. An image that fits already keeps its size.
std::pair<int, int> thumbnail_size(int width, int height, int most_width, int most_height);

// OpenSlide.get_thumbnail((most_width, most_height)): the best level, over the slide's background colour (white by
// default), reduced by whole factors and then resampled by Lanczos; A is 255. The level is read in pieces of 4,096 x
// 4,096 pixels (or less), the pieces that OpenSlide itself makes of a larger region, so that the bits are those of one
// read. Memory: 200 MB, whatever the size of the slide. `alive` is called before each piece, and may throw. Throws as
// Slide::read_region.
Image slide_thumbnail(const Slide& slide, int most_width, int most_height, const std::function<void()>& alive = {});

}  // namespace mtlgrid
