#include "trainer/formats/state_dict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "datasets/features/half.h"
#include "datasets/pytorch/pickle.h"
#include "datasets/pytorch/tensor_file.h"

namespace mtlgrid {
namespace {

template <typename T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

double value_of(ElementType type, const char* bytes) {
  switch (type) {
    case ElementType::float64:
      return load<double>(bytes);
    case ElementType::float32:
      return static_cast<double>(load<float>(bytes));
    case ElementType::float16:
      return from_half(load<std::uint16_t>(bytes));
    case ElementType::bfloat16:  // the upper half of a float32
      return static_cast<double>(std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(bytes)} << 16));
  }
  return 0;
}

// A file with an outer dict may have numbers and lists beside the state dict: epochs, losses.
PickleWish wish_of(const StateDictForm& form) {
  return {"a dict of tensors (model.state_dict())", !form.inside.empty(), form.inside};
}

// "class_tokens.X" etc. name the two targets: the parts of `names` in front of ".weight" after each head.
struct Targets {
  std::set<std::string> label, auxiliary;
  template <typename Names>
  explicit Targets(const Names& names) {
    for (const std::string& name : names) {
      add(name, "head_class.", label);
      add(name, "head_regr.", auxiliary);
    }
  }
  bool one_each() const { return label.size() == 1 && auxiliary.size() == 1; }
  bool operator==(const Targets&) const = default;

 private:
  static void add(const std::string& name, std::string_view head, std::set<std::string>& out) {
    if (name.starts_with(head) && name.ends_with(".weight")) {
      out.insert(name.substr(head.size(), name.size() - head.size() - std::string_view(".weight").size()));
    }
  }
};

bool of_target(const std::string& name) {
  return name.starts_with("class_tokens.") || name.starts_with("head_class.") || name.starts_with("head_regr.");
}

class StateDict {
 public:
  StateDict(const std::filesystem::path& file, const StateDictForm& form)
      : form_(form), file_(file, wish_of(form)), entries_(file_.content().entries) {
    const std::string& kind = file_.content().whole.kind;
    if (kind != "dict") throw InputError(fmt::format("holds a {}, expected {}", kind, wish_of(form).expected));
  }

  std::vector<double> values(const ParameterLayout& layout) {
    compare_names(layout);
    std::vector<double> row(static_cast<std::size_t>(layout.total));
    for (const ParameterSpec& spec : layout.parameters) {
      if (const auto entry = entries_.find(spec.name); entry != entries_.end()) {
        problems_.collect([&] { copy(spec, entry->second, row.data() + spec.offset); });
      }
    }
    for (const auto& [name, shape] : form_.optional) {
      const auto entry = entries_.find(name);
      if (entry != entries_.end()) problems_.collect([&] { check_shape(name, entry->second, shape); });
    }
    problems_.throw_if_any();
    return row;
  }

 private:
  void compare_names(const ParameterLayout& layout) {
    std::set<std::string> wanted, found;
    for (const ParameterSpec& spec : layout.parameters) wanted.insert(spec.name);
    for (const auto& [name, entry] : entries_) found.insert(name);
    const Targets want(wanted), have(found);
    // Weights of another pair differ in ten names: one problem is reported instead of ten.
    const bool other_pair = have.one_each() && !(have == want);
    if (other_pair) {
      problems_.add(fmt::format("holds weights for '{}' and '{}', expected '{}' (class label) and '{}' (auxiliary)",
                                *have.label.begin(), *have.auxiliary.begin(), *want.label.begin(),
                                *want.auxiliary.begin()));
    }
    for (const std::string& name : wanted) {
      if (!found.contains(name) && !(other_pair && of_target(name))) problems_.add(fmt::format("has no '{}'", name));
    }
    for (const std::string& name : found) {
      if (!wanted.contains(name) && !form_.optional.contains(name) && !(other_pair && of_target(name))) {
        problems_.add(fmt::format("has '{}', which the network does not", name));
      }
    }
  }

  static void check_shape(const std::string& name, const PickledEntry& entry, const std::vector<std::int64_t>& shape) {
    if (entry.kind != "tensor") throw InputError(fmt::format("'{}' is a {}, expected a tensor", name, entry.kind));
    if (entry.tensor.shape != shape) {
      throw InputError(fmt::format("'{}' has shape {}, expected {}", name, entry.tensor.shape, shape));
    }
  }

  void copy(const ParameterSpec& spec, const PickledEntry& entry, double* out) {
    check_shape(spec.name, entry, spec.shape);
    const PickledTensor& tensor = entry.tensor;
    const std::string name = fmt::format("'{}'", spec.name);
    const ElementType type = TensorFile::type_of(name, tensor);
    const std::string_view bytes = file_.storage(name, tensor);
    if (type == ElementType::float32 && contiguous(tensor)) {  // most are, and a network may have millions of numbers
      std::vector<float> values(static_cast<std::size_t>(spec.size));
      std::memcpy(values.data(), bytes.data() + static_cast<std::size_t>(tensor.offset) * sizeof(float),
                  values.size() * sizeof(float));
      std::copy(values.begin(), values.end(), out);
      return check_finite(spec, out);
    }
    for_each_element(tensor, [&](std::int64_t i, std::int64_t at) {
      out[i] = value_of(type, bytes.data() + static_cast<std::size_t>(at) * bytes_of(type));
    });
    check_finite(spec, out);
  }

  static bool contiguous(const PickledTensor& tensor) {
    std::int64_t apart = 1;
    for (std::size_t d = tensor.shape.size(); d-- > 0; apart *= tensor.shape[d]) {
      if (tensor.shape[d] != 1 && tensor.strides[d] != apart) return false;
    }
    return true;
  }

  static void check_finite(const ParameterSpec& spec, const double* values) {
    std::int64_t bad = 0;
    for (std::int64_t i = 0; i < spec.size; ++i) bad += std::isfinite(static_cast<float>(values[i])) ? 0 : 1;
    if (bad > 0) {
      throw InputError(
          fmt::format("'{}' has {} values that are not finite in float32, of {}", spec.name, bad, spec.size));
    }
  }

  const StateDictForm& form_;
  TensorFile file_;
  const std::map<std::string, PickledEntry>& entries_;
  Problems problems_;
};

}  // namespace

std::vector<double> read_state_dict(const std::filesystem::path& file, const ParameterLayout& layout,
                                    const StateDictForm& form) {
  try {
    return StateDict(file, form).values(layout);
  } catch (const InputError& e) {
    std::vector<std::string> named;
    for (const std::string& problem : e.problems()) named.push_back(fmt::format("{}: {}", file.string(), problem));
    throw InputError(named);
  }
}

}  // namespace mtlgrid
