// The network's parameters: names, shapes, offsets in one flat buffer, and initial values. No torch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

// A parameter's initial distribution (PyTorch's defaults): uniform in +-bound, a constant, or, for tokens, uniform in
// [0, 1).
enum class Start { uniform, zero, one, token };

struct ParameterSpec {
  std::string name;                   // as in the state dict of the released code
  std::vector<std::int64_t> shape;    // of one member, without the leading pack dimension
  std::int64_t offset = 0, size = 0;  // floats, in a member's row of the flat buffer
  Start start = Start::uniform;
  double bound = 0;  // of Start::uniform
  int same_as = -1;  // parameter of the stack's first layer that this one starts equal to; -1: draws its own
};

// One member's row of the flat buffer [F, total]: shared parameters first (projector, encoder, decoder: what gradient
// aggregation acts on), then class token and head, then regression token and head. `baseline`, which has no regression,
// therefore trains the first `classification` floats and leaves the rest at their initial values.
struct ParameterLayout {
  std::vector<ParameterSpec> parameters;  // in the order of the buffer
  std::int64_t shared = 0, classification = 0, total = 0;
};

// `width` is D; `label` and `auxiliary` are the targets' column names ('.' becomes '_' in parameter names).
// Throws Error(bad_input) if d_model is not a multiple of heads, or a size is not positive or far above any network's.
ParameterLayout make_layout(const ModelSettings& model, std::int64_t width, const std::string& label,
                            const std::string& auxiliary);

// Writes initial values into one member's row. Parameter i draws from weights.child(i), so a value depends only on
// (seed, pair, fold, repeat) and its position. The layers of a stack start identical, since PyTorch clones the first.
void initialise(const ParameterLayout& layout, const RandomStream& weights, std::span<float> row);

}  // namespace mtlgrid
