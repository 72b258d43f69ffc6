#include "datasets/features/pytorch_features.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/system_error.h"
#include "base/text.h"
#include "datasets/features/bags_config.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/half.h"
#include "datasets/pytorch/tensor_file.h"

namespace mtlgrid {
namespace {

constexpr const char* kExpected =
    "a tensor of features, or a dict with one (Python: torch.save(features, FILE), features of [tiles, features])";
constexpr PickleWish kWish{kExpected, true};

// Names under which features are kept in a dict, the most usual first.
constexpr std::array<std::string_view, 9> kUsualNames{
    "feats", "patch_embeddings", "features", "feature", "bag_feats", "embeddings", "embedding", "bag", "x"};

// What the reader of PyTorch's files says, as a fault of this file. Texts about damage differ from file to file.
[[noreturn]] void rethrow(const std::filesystem::path& file, const InputError& e) {
  const std::string text = cut_to(printable(e.what()), 4 * kShownName);
  const auto comma = text.find(", expected ");
  if (text.starts_with("damaged: ") || text.starts_with("cannot be read as a zip")) {
    throw FileFault(file, "unreadable or truncated", "expected what torch.save of PyTorch 1.6 or later writes", text);
  }
  if (comma != text.npos) throw FileFault(file, text.substr(0, comma), text.substr(comma + 2));
  throw FileFault(file, text, fmt::format("expected {}", kExpected));
}

template <typename Read>
auto telling(const std::filesystem::path& file, Read&& read) {
  try {
    return read();
  } catch (const FileFault&) {
    throw;
  } catch (const InputError& e) {
    rethrow(file, e);
  } catch (const SystemError& e) {
    throw system_error(file, e.number());  // it named /proc/self/fd
  }
}

bool may_be_features(const std::string& name, const PickledEntry& entry) {
  return name != "coords" && entry.kind == "tensor" && element_type(entry.tensor.type) && !entry.tensor.shape.empty();
}

struct Found {
  std::string name;  // empty: the tensor itself
  PickledTensor tensor;
};

// The tensor itself, or of a dict the entry of a usual name, or the only one that may be features.
Found find_tensor(const std::filesystem::path& file, const PickledObject& content) {
  if (content.whole.kind == "tensor") return {"", content.whole.tensor};
  if (content.whole.kind != "dict")
    throw InputError(fmt::format("holds a {}, expected {}", content.whole.kind, kExpected));
  for (const std::string_view name : kUsualNames) {
    const auto entry = content.entries.find(std::string(name));
    if (entry != content.entries.end() && may_be_features(entry->first, entry->second)) {
      return {entry->first, entry->second.tensor};
    }
  }
  std::vector<const std::string*> fitting;
  std::vector<std::string> names;
  for (const auto& [name, entry] : content.entries) {
    names.push_back(name);
    if (may_be_features(name, entry) && entry.tensor.shape.size() == 2) fitting.push_back(&name);
  }
  if (fitting.size() == 1) return {*fitting[0], content.entries.at(*fitting[0]).tensor};
  throw FileFault(file,
                  fmt::format("a dict without 'feats' or 'features', and with {} of floats in rows and columns",
                              fitting.empty() ? "no other tensor" : "several others"),
                  fmt::format("expected {}", kExpected), what_it_has(names));
}

// Rows and columns of the tensor: [N, D], [1, N, D], or [D] for one row. Leaves two dimensions, or throws.
FeatureInfo checked_info(const std::filesystem::path& file, const Found& found, PickledTensor& tensor) {
  constexpr std::int64_t kMostTiles = std::int64_t{1} << 32, kMostFeatures = 1 << 20;  // as in HDF5 files
  const std::string what = found.name.empty() ? "the tensor" : fmt::format("'{}'", printable(found.name));
  FeatureInfo info;
  info.dataset = found.name;
  info.pytorch = true;
  const ElementType type = TensorFile::type_of(what, tensor);
  info.value_bytes = bytes_of(type);
  info.bfloat16 = type == ElementType::bfloat16;
  const std::vector<std::int64_t> shape = tensor.shape;
  const std::string detail = fmt::format("shape {}", shape);
  if (shape.size() == 3 && shape[0] == 1) {
    tensor.shape.erase(tensor.shape.begin());
    tensor.strides.erase(tensor.strides.begin());
  } else if (shape.size() == 1) {
    tensor.shape.insert(tensor.shape.begin(), shape[0] == 0 ? 0 : 1);
    tensor.strides.insert(tensor.strides.begin(), 1);
  } else if (shape.size() != 2) {
    throw FileFault(file, what + " has no rows and columns",
                    "expected [tiles, features], [1, tiles, features] or [features]", detail);
  }
  info.tiles = tensor.shape[0];
  info.width = tensor.shape[1];
  if (info.tiles < 0 || info.width < 0 || info.tiles > kMostTiles || info.width > kMostFeatures) {
    throw FileFault(file, what + " is too large", "expected at most 2^32 tiles of 2^20 features", detail);
  }
  if (info.tiles > 0 && info.width == 0) {
    throw FileFault(file, fmt::format("no features: {} has 0 columns", what), "expected at least one");
  }
  if (info.tiles * info.width > tensor.elements) {  // one row shown many times
    throw FileFault(file, what + " has more values than it stores", "expected all of them", detail);
  }
  info.level = shape.size() == 1 ? FeatureLevel::embedding : info.tiles == 1 ? FeatureLevel::row : FeatureLevel::tile;
  return info;
}

// Values [first, first + out.size()) of a storage, rounded to float16; `bytes` begins at the first.
void round_values(ElementType type, const char* bytes, std::span<std::uint16_t> out) {
  constexpr std::size_t kPart = 4096;
  std::array<float, kPart> floats;
  std::array<double, kPart> doubles;
  const std::size_t width = bytes_of(type);
  for (std::size_t i = 0; i < out.size(); i += kPart) {
    const std::size_t n = std::min(kPart, out.size() - i);
    const char* from = bytes + i * width;
    if (type == ElementType::float16) {
      std::memcpy(out.data() + i, from, n * width);
    } else if (type == ElementType::float64) {
      std::memcpy(doubles.data(), from, n * width);
      round_to_half(std::span<const double>(doubles).first(n), out.subspan(i, n));
    } else {
      if (type == ElementType::float32) std::memcpy(floats.data(), from, n * width);
      for (std::size_t k = 0; type == ElementType::bfloat16 && k < n; ++k) {  // the upper half of a float32
        std::uint16_t upper = 0;
        std::memcpy(&upper, from + k * width, width);
        floats[k] = std::bit_cast<float>(std::uint32_t{upper} << 16);
      }
      round_to_half(std::span<const float>(floats).first(n), out.subspan(i, n));
    }
  }
}

void refuse_hdf5(const FileToOpen& file) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  std::array<char, kSignature.size()> front{};
  std::ifstream(file.opened, std::ios::binary).read(front.data(), front.size());
  if (std::string_view(front.data(), front.size()) == kSignature) {
    throw FileFault(file.file, "an HDF5 file", "expected the suffix .h5: rename it");
  }
}

class PytorchFeatures : public OpenFeatures {
 public:
  explicit PytorchFeatures(const FileToOpen& file) : path_(file.file), bytes_(file.bytes) {
    telling(path_, [&] {
      refuse_hdf5(file);
      file_ = std::make_unique<TensorFile>(file.opened, kWish);
      const Found found = find_tensor(path_, file_->content());
      what_ = found.name.empty() ? "the tensor" : fmt::format("'{}'", printable(found.name));
      tensor_ = found.tensor;
      info = checked_info(path_, found, tensor_);
    });
  }

  void read(std::span<std::uint16_t> out, FeatureDisk& disk) override {
    if (info.tiles == 0) return;
    disk.reading(bytes_);
    telling(path_, [&] { take(file_->storage(what_, tensor_), out, disk); });
  }

 private:
  void take(std::string_view storage, std::span<std::uint16_t> out, FeatureDisk& disk) {
    const ElementType type = TensorFile::type_of(what_, tensor_);
    const auto width = static_cast<std::size_t>(info.width), bytes = bytes_of(type);
    const char* first = storage.data() + static_cast<std::size_t>(tensor_.offset) * bytes;
    const bool rows_whole = tensor_.strides[1] == 1 || width == 1;
    for (std::size_t row = 0; row < static_cast<std::size_t>(info.tiles); ++row) {
      if (row % kStep == 0) disk.reading(kStep * width * bytes);
      const char* begin = first + row * static_cast<std::size_t>(tensor_.strides[0]) * bytes;
      const std::span<std::uint16_t> to = out.subspan(row * width, width);
      if (rows_whole) {
        round_values(type, begin, to);
        continue;
      }
      for (std::size_t i = 0; i < width; ++i) {
        round_values(type, begin + i * static_cast<std::size_t>(tensor_.strides[1]) * bytes, to.subspan(i, 1));
      }
    }
  }

  static constexpr std::size_t kStep = 1024;  // rows between two calls of FeatureDisk::reading
  std::filesystem::path path_;
  std::uint64_t bytes_;
  std::unique_ptr<TensorFile> file_;
  std::string what_;
  PickledTensor tensor_;  // of two dimensions
};

}  // namespace

std::unique_ptr<OpenFeatures> open_pytorch_features(const FileToOpen& file, FeatureDisk& disk) {
  disk.reading(file.bytes);  // its directory and pickle are a part of it
  auto features = std::make_unique<PytorchFeatures>(file);
  if (!file.known) add_bags_config(file.file, features->info);
  return features;
}

}  // namespace mtlgrid
