#include "trainer/formats/state_dict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

constexpr PickleWish kWish{"a dict of tensors (model.state_dict())"};

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
  explicit StateDict(const std::filesystem::path& file) : file_(file, kWish), entries_(file_.content().entries) {
    const std::string& kind = file_.content().whole.kind;
    if (kind != "dict") throw InputError(fmt::format("holds a {}, expected {}", kind, kWish.expected));
  }

  std::vector<double> values(const ParameterLayout& layout) {
    compare_names(layout);
    std::vector<double> row(static_cast<std::size_t>(layout.total));
    for (const ParameterSpec& spec : layout.parameters) {
      if (const auto entry = entries_.find(spec.name); entry != entries_.end()) {
        problems_.collect([&] { copy(spec, entry->second, row.data() + spec.offset); });
      }
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
      if (!wanted.contains(name) && !(other_pair && of_target(name))) {
        problems_.add(fmt::format("has '{}', which the network does not", name));
      }
    }
  }

  void copy(const ParameterSpec& spec, const PickledEntry& entry, double* out) {
    if (entry.kind != "tensor") {
      throw InputError(fmt::format("'{}' is a {}, expected a tensor", spec.name, entry.kind));
    }
    const PickledTensor& tensor = entry.tensor;
    if (tensor.shape != spec.shape) {
      throw InputError(fmt::format("'{}' has shape {}, expected {}", spec.name, tensor.shape, spec.shape));
    }
    const std::string name = fmt::format("'{}'", spec.name);
    const ElementType type = TensorFile::type_of(name, tensor);
    const std::string_view bytes = file_.storage(name, tensor);
    for_each_element(tensor, [&](std::int64_t i, std::int64_t at) {
      out[i] = value_of(type, bytes.data() + static_cast<std::size_t>(at) * bytes_of(type));
    });
    check_finite(spec, out);
  }

  static void check_finite(const ParameterSpec& spec, const double* values) {
    std::int64_t bad = 0;
    for (std::int64_t i = 0; i < spec.size; ++i) bad += std::isfinite(static_cast<float>(values[i])) ? 0 : 1;
    if (bad > 0) {
      throw InputError(
          fmt::format("'{}' has {} values that are not finite in float32, of {}", spec.name, bad, spec.size));
    }
  }

  TensorFile file_;
  const std::map<std::string, PickledEntry>& entries_;
  Problems problems_;
};

}  // namespace

std::vector<double> read_state_dict(const std::filesystem::path& file, const ParameterLayout& layout) {
  try {
    return StateDict(file).values(layout);
  } catch (const InputError& e) {
    std::vector<std::string> named;
    for (const std::string& problem : e.problems()) named.push_back(fmt::format("{}: {}", file.string(), problem));
    throw InputError(named);
  }
}

}  // namespace mtlgrid
