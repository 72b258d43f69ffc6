// A file of torch.save: the tensors that its pickle describes, and their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/pytorch/pickle.h"
#include "datasets/pytorch/zip.h"

namespace mtlgrid {

// The types of numbers that are read.
enum class ElementType { float16, bfloat16, float32, float64 };

// Of a storage's class, "FloatStorage"; nullopt for one that has other values.
std::optional<ElementType> element_type(const std::string& storage_class);
std::size_t bytes_of(ElementType type);

class TensorFile {
 public:
  // Reads the pickle of what torch.save of PyTorch 1.6 or later wrote; nothing in it is executed. Throws InputError,
  // without the file's name, for anything else: a folder, a pipe, another format, an older one (with what to do), a
  // damaged archive, an object of another class; SystemError where the system refuses to read it.
  TensorFile(const std::filesystem::path& file, const PickleWish& wish);

  const PickledObject& content() const { return content_; }

  // The type of a tensor's numbers. Throws InputError for others than floating-point ones. `what` names the tensor.
  static ElementType type_of(const std::string& what, const PickledTensor& tensor);
  // Its storage: all the bytes of a record, which the file's size bounds, read once and kept while this object lives.
  // Every element of the tensor is inside of it. Throws InputError where that does not hold, or the checksum does not.
  std::string_view storage(const std::string& what, const PickledTensor& tensor);

 private:
  ZipReader zip_;
  std::string folder_;
  PickledObject content_;
  std::map<std::string, std::string> storages_;  // key to bytes: tensors may share one
};

// Calls `take(i, at)` for each element in row-major order: its number, and its position in the storage.
template <typename Take>
void for_each_element(const PickledTensor& tensor, Take&& take) {
  std::vector<std::int64_t> index(tensor.shape.size(), 0);
  std::int64_t size = 1;
  for (const std::int64_t n : tensor.shape) size *= n;
  for (std::int64_t i = 0; i < size; ++i) {
    std::int64_t at = tensor.offset;
    for (std::size_t d = 0; d < index.size(); ++d) at += index[d] * tensor.strides[d];
    take(i, at);
    for (std::size_t d = index.size(); d > 0; --d) {  // the next index, the last dimension first
      if (++index[d - 1] < tensor.shape[d - 1]) break;
      index[d - 1] = 0;
    }
  }
}

}  // namespace mtlgrid
