// A file of weights, as it is and with a checksum that fits: values of its own network, or refused.
#include "base/errors.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/sealed_container.h"
#include "trainer/formats/weights.h"

using namespace mtlgrid;

namespace {

void read(const std::string& bytes) {
  try {
    const Weights weights = read_weights_file(fuzz::as_file(bytes, "weights"));
    fuzz::expect(weights.values.size() * sizeof(float) <= bytes.size(), "values of the file");
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  } catch (const Error& e) {
    fuzz::expect(e.kind() == ErrorKind::bad_input, "a refusal");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = fuzz::text_of(data, size);
  read(bytes);
  read(fuzz::sealed_container(bytes));
  return 0;
}
