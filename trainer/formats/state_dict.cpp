#include "trainer/formats/state_dict.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/read_at.h"
#include "base/system_error.h"
#include "datasets/features/half.h"
#include "datasets/pytorch/pickle.h"
#include "datasets/pytorch/zip.h"

namespace mtlgrid {
namespace {

using Entries = std::map<std::string, PickledEntry>;

template <typename T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// How the elements of a storage are read.
struct ElementType {
  std::size_t bytes;
  double (*value)(const char*);
};

const std::map<std::string, ElementType>& element_types() {
  static const std::map<std::string, ElementType> kTypes = {
      {"DoubleStorage", {8, [](const char* b) { return load<double>(b); }}},
      {"FloatStorage", {4, [](const char* b) { return static_cast<double>(load<float>(b)); }}},
      {"HalfStorage", {2, [](const char* b) { return from_half(load<std::uint16_t>(b)); }}},
      // The upper half of a float32.
      {"BFloat16Storage",
       {2,
        [](const char* b) {
          return static_cast<double>(std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(b)} << 16));
        }}},
  };
  return kTypes;
}

// Throws InputError that says what the file is, unless it begins like a zip archive.
void check_is_zip(const std::filesystem::path& file) {
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));  // waits for no pipe
  int number = errno;
  struct stat facts = {};
  if (!in || ::fstat(in.get(), &facts) != 0) {
    const bool absent = number == ENOENT || number == ENOTDIR || number == ELOOP || number == ENAMETOOLONG;
    if (!absent) throw system_error(file, number);
    throw InputError(std::string("cannot be opened: ") + std::strerror(number));
  }
  if (!S_ISREG(facts.st_mode)) throw InputError(S_ISDIR(facts.st_mode) ? "is a folder" : "is a pipe or device");
  std::string front(2, '\0');
  read_at(in.get(), 0, std::as_writable_bytes(std::span(front)), number);
  if (front == "PK") return;
  // A bare pickle of protocol 2, or a tar: what torch.save wrote before 1.6.
  if (front == "\x80\x02") {
    throw InputError(
        "is in the format of PyTorch before 1.6; load it and save it again with torch.save of PyTorch 1.6 or later");
  }
  throw InputError("was not written by torch.save: not a zip archive");
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
  explicit StateDict(const std::filesystem::path& file) : zip_((check_is_zip(file), file)) {
    folder_ = zip_.folder_of("data.pkl");
    if (zip_.has(folder_ + "/byteorder") && zip_.read(folder_ + "/byteorder") != "little") {
      throw InputError("was saved on a big-endian machine; load it and save it again on a little-endian one");
    }
    entries_ = read_pickled_dict(zip_.read(folder_ + "/data.pkl"));
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
    const auto type = element_types().find(tensor.type);
    if (type == element_types().end()) {
      throw InputError(fmt::format("'{}' is a tensor of {}, expected float16, bfloat16, float32 or float64", spec.name,
                                   tensor.type));
    }
    const std::string& bytes = storage(tensor.storage);
    const std::size_t width = type->second.bytes;
    if (bytes.size() % width != 0 || static_cast<std::int64_t>(bytes.size() / width) != tensor.elements) {
      throw InputError(fmt::format("damaged: the storage of '{}' has {} bytes, expected {} numbers of {}", spec.name,
                                   bytes.size(), tensor.elements, width));
    }
    check_bounds(spec, tensor, tensor.elements);
    std::vector<std::int64_t> index(tensor.shape.size(), 0);
    for (std::int64_t i = 0; i < spec.size; ++i) {
      std::int64_t at = tensor.offset;
      for (std::size_t d = 0; d < index.size(); ++d) at += index[d] * tensor.strides[d];
      out[i] = type->second.value(bytes.data() + static_cast<std::size_t>(at) * type->second.bytes);
      for (std::size_t d = index.size(); d > 0; --d) {  // the next index, the last dimension first
        if (++index[d - 1] < tensor.shape[d - 1]) break;
        index[d - 1] = 0;
      }
    }
    check_finite(spec, out);
  }

  // Every element must be inside the storage, which has `elements` elements.
  static void check_bounds(const ParameterSpec& spec, const PickledTensor& tensor, std::int64_t elements) {
    bool inside = tensor.offset >= 0 && tensor.offset < elements;
    std::int64_t last = tensor.offset;
    for (std::size_t d = 0; inside && d < tensor.shape.size(); ++d) {
      if (tensor.shape[d] == 1) continue;
      inside = tensor.strides[d] >= 0 && tensor.strides[d] < elements;
      if (inside) last += (tensor.shape[d] - 1) * tensor.strides[d];
    }
    if (!inside || last >= elements)
      throw InputError(fmt::format("damaged: '{}' reaches beyond its storage", spec.name));
  }

  static void check_finite(const ParameterSpec& spec, const double* values) {
    std::int64_t bad = 0;
    for (std::int64_t i = 0; i < spec.size; ++i) bad += std::isfinite(static_cast<float>(values[i])) ? 0 : 1;
    if (bad > 0) {
      throw InputError(
          fmt::format("'{}' has {} values that are not finite in float32, of {}", spec.name, bad, spec.size));
    }
  }

  const std::string& storage(const std::string& key) {
    const auto found = storages_.find(key);
    if (found != storages_.end()) return found->second;
    return storages_.emplace(key, zip_.read(folder_ + "/data/" + key)).first->second;
  }

  ZipReader zip_;
  std::string folder_;
  Entries entries_;
  std::map<std::string, std::string> storages_;  // key to bytes: tensors may share one
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
