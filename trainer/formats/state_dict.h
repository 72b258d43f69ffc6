// Reads weights from a PyTorch file. No torch.
#pragma once

#include <filesystem>
#include <vector>

#include "trainer/contract/parameters.h"

namespace mtlgrid {

// Reads what `torch.save(model.state_dict(), FILE)` of PyTorch 1.6 or later writes, a plain dict of tensors likewise,
// and what `mtlgrid export` writes: values in the layout's order, [layout.total]. Tensors may be float16, bfloat16,
// float32 or float64, of any strides, share storages, and come in any order. Nothing in the file is executed, and its
// checksums are checked, which PyTorch does not do. Throws InputError with every problem, each with the file:
// unreadable, truncated or damaged archive, older format, names missing or not expected, shapes, other types, values
// that are not finite.
std::vector<double> read_state_dict(const std::filesystem::path& file, const ParameterLayout& layout);

}  // namespace mtlgrid
