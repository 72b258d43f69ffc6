// What a slide says of its microns per pixel: a number that can be meant, or refused. The first byte says where the
// rest stands: as the property, in the comment, or as a description in XML.
#include <cmath>

#include "base/errors.h"
#include "datasets/slides/slide_mpp.h"
#include "tests/fuzz/input.h"

using namespace mtlgrid;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::text_of(data, size);
  const char kind = text.empty() ? '0' : text.front();
  const char* name = kind == '0' ? "openslide.mpp-x" : kind == '1' ? "openslide.comment" : "tiff.ImageDescription";
  const std::string value = text.empty() ? "" : text.substr(1);
  for (const std::optional<double> fallback : {std::optional<double>(), std::optional(0.5)}) {
    try {
      const SlideMpp mpp = slide_mpp({{name, value}}, "a.svs", {.fallback = fallback});
      fuzz::expect(mpp.source == name || (fallback && mpp.source == "default_mpp" && mpp.value == 0.5), "a source");
      fuzz::expect(std::isfinite(mpp.value) && 256 / mpp.value >= 1 && 256 / mpp.value <= 16384, "a possible tile");
    } catch (const InputError& e) {
      fuzz::expect(!fallback && e.problems().size() == 1, "one reason, where there is no other number");
      fuzz::expect(e.problems()[0].size() < 1000, "a short reason");
    }
  }
  return 0;
}
