// A description of an extractor: one within its bounds, or refused.
#include "base/errors.h"
#include "tests/fuzz/input.h"
#include "trainer/formats/extractor_description.h"

using namespace mtlgrid;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::as_file("a model", "net.pt");
  try {
    const ExtractorDescription d = read_extractor_description(fuzz::as_file(fuzz::text_of(data, size), "net.json"));
    fuzz::expect(!d.name.empty() && d.name.find('/') == std::string::npos, "a name for a file");
    fuzz::expect(d.input > 0 && d.output > 0 && d.batch >= 0, "sizes");
    for (const double deviation : d.standard_deviation) fuzz::expect(deviation > 0, "a deviation to divide by");
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
  return 0;
}
