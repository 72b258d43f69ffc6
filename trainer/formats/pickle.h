// The pickle inside a PyTorch file, as far as a state dict needs it. Nothing is executed: tensors and dicts are all
// that is understood. No torch: its own C++ reader takes the OrderedDict of model.state_dict() for nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

// A tensor as a pickle describes it: a view of a storage, which is a file of its own beside the pickle.
struct PickledTensor {
  std::string storage;        // its key: the record data/KEY
  std::string type;           // "FloatStorage", "HalfStorage", "LongStorage", ...
  std::int64_t elements = 0;  // of the storage
  std::int64_t offset = 0;    // elements
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // elements
};

struct PickledEntry {
  std::string kind;  // "tensor", or what it is instead: "dict", "text", ...
  PickledTensor tensor;
};

// The entries of a dict or OrderedDict of tensors by name, protocols 2 to 5; of entries with one name the last.
// Attributes of the dict (`_metadata`) are passed over. Throws InputError saying what is there instead: damaged bytes,
// an object of another class, something that is no dict. No problem names a file: the caller knows it.
std::map<std::string, PickledEntry> read_pickled_dict(std::string_view pickle);

}  // namespace mtlgrid
