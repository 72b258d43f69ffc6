// Reads the pickle inside a PyTorch file, as far as tensors need it. Nothing is executed; only tensors, dicts and,
// where a reader allows them, plain data are understood. No torch: its own C++ reader cannot read the OrderedDict of
// model.state_dict().
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

// What a pickle holds: one object, and the entries of it where it is a dict.
struct PickledObject {
  PickledEntry whole;
  std::map<std::string, PickledEntry> entries;
};

// What a reader wants of a pickle.
struct PickleWish {
  const char* expected;  // for messages: "a dict of tensors (model.state_dict())"
  // Whether lists and floating-point numbers may stand beside tensors, as in a dict of features and their origin. Their
  // values are not kept, and entries whose keys are not texts are passed over. A pickle has 64 MiB at most then, for
  // lists of a million tiles; without them 256 KiB.
  bool plain_data = false;
  // Where not empty, and the outermost dict has a dict under this key: that one is the object, as in {"model":
  // state_dict}. Otherwise the outermost one is.
  std::string_view inside = {};
};

// The object in a pickle of protocols 2 to 5. If several entries of a dict have the same name, the last one counts.
// Attributes of a dict (`_metadata`) are ignored. Throws InputError that says what was found instead: damaged bytes, an
// object of another class. The text does not name the file.
PickledObject read_pickled(std::string_view pickle, const PickleWish& wish);

// The entries of a dict or OrderedDict of tensors by name. Throws InputError as read_pickled(), and for something other
// than a dict.
std::map<std::string, PickledEntry> read_pickled_dict(std::string_view pickle);

}  // namespace mtlgrid
