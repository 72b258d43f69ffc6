// A file of torch.save, and the pickle in one: values for the network, or refused.
#include "base/errors.h"
#include "datasets/pytorch/pickle.h"
#include "tests/fuzz/input.h"
#include "trainer/formats/state_dict.h"

using namespace mtlgrid;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ModelSettings small = {
      .d_model = 4, .heads = 2, .ff = 3, .encoder_layers = 1, .decoder_layers = 1, .dropout = 0};
  static const ParameterLayout layout = make_layout(small, 3, "isMSIH", "LF");
  const std::string bytes = fuzz::text_of(data, size);
  try {
    const auto values = read_state_dict(fuzz::as_file(bytes, "dict.pt"), layout);
    fuzz::expect(values.size() == static_cast<std::size_t>(layout.total), "a value for every parameter");
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
  try {  // as CTransPath's: inside another dict, with plain data beside it and buffers
    read_state_dict(fuzz::as_file(bytes, "dict.pt"), layout, {"model", {{"projector.0.mask", {3}}}});
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
  try {
    read_pickled_dict(bytes);
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
  return 0;
}
