// Reads the pickle inside a PyTorch file, as far as a state dict needs it. Nothing is executed; only tensors and dicts
// are understood. No torch: its own C++ reader cannot read the OrderedDict of model.state_dict().
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

// A tensor as a pickle describes it: a view of a storage, which is a separate file beside the pickle.
struct PickledTensor {
  std::string storage;        // its key: the record data/KEY
  std::string type;           // "FloatStorage", "HalfStorage", "LongStorage", ...
  std::int64_t elements = 0;  // of the storage
  std::int64_t offset = 0;    // elements
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // elements
};

struct PickledEntry {
  std::string kind;  // "tensor", or another kind: "dict", "text", ...
  PickledTensor tensor;
};

// The entries of a dict or OrderedDict of tensors by name, protocols 2 to 5. If several entries have the same name, the
// last one counts. Attributes of the dict (`_metadata`) are ignored. Throws InputError that says what was found
// instead: damaged bytes, an object of another class, something other than a dict. The text does not name the file.
std::map<std::string, PickledEntry> read_pickled_dict(std::string_view pickle);

}  // namespace mtlgrid
