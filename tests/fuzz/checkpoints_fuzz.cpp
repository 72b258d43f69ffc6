// A checkpoint, as it is and with a checksum that fits: arrays of the file, or refused.
#include "base/errors.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/sealed_container.h"
#include "trainer/formats/container.h"

using namespace mtlgrid;

namespace {

void read(const std::string& bytes) {
  try {
    const Container container = read_container(fuzz::as_file(bytes, "checkpoint"), "checkpoint");
    std::size_t all = 0;
    for (const Container::Array& array : container.arrays) all += array.bytes.size();
    fuzz::expect(all <= bytes.size(), "arrays of the file");
    container.values<double>("parameters", 3);
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = fuzz::text_of(data, size);
  read(bytes);
  read(fuzz::sealed_container(bytes));
  return 0;
}
