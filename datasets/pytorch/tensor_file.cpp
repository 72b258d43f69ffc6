#include "datasets/pytorch/tensor_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/read_at.h"
#include "base/system_error.h"

namespace mtlgrid {
namespace {

// Throws InputError that says what the file is, unless it begins like a zip archive. Returns the file.
const std::filesystem::path& checked_zip(const std::filesystem::path& file) {
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
  if (front == "PK") return file;
  // A bare pickle of protocol 2, or a tar: what torch.save wrote before 1.6.
  if (front == "\x80\x02") {
    throw InputError(
        "is in the format of PyTorch before 1.6; load it and save it again with torch.save of PyTorch 1.6 or later");
  }
  throw InputError("was not written by torch.save: not a zip archive");
}

// Every element must be inside the storage.
void check_bounds(const std::string& what, const PickledTensor& tensor) {
  bool inside = tensor.offset >= 0 && tensor.offset < tensor.elements;
  std::int64_t last = tensor.offset;
  for (std::size_t d = 0; inside && d < tensor.shape.size(); ++d) {
    if (tensor.shape[d] == 1) continue;
    inside = tensor.shape[d] > 0 && tensor.strides[d] >= 0 && tensor.strides[d] < tensor.elements &&
             (tensor.strides[d] == 0 || tensor.shape[d] - 1 <= (tensor.elements - 1) / tensor.strides[d]);
    if (inside) last += (tensor.shape[d] - 1) * tensor.strides[d];
    inside = inside && last < tensor.elements;
  }
  if (!inside) throw InputError(fmt::format("damaged: {} reaches beyond its storage", what));
}

}  // namespace

std::optional<ElementType> element_type(const std::string& storage_class) {
  if (storage_class == "HalfStorage") return ElementType::float16;
  if (storage_class == "BFloat16Storage") return ElementType::bfloat16;
  if (storage_class == "FloatStorage") return ElementType::float32;
  if (storage_class == "DoubleStorage") return ElementType::float64;
  return std::nullopt;
}

std::size_t bytes_of(ElementType type) {
  if (type == ElementType::float64) return 8;
  return type == ElementType::float32 ? 4 : 2;
}

TensorFile::TensorFile(const std::filesystem::path& file, const PickleWish& wish) : zip_(checked_zip(file)) {
  folder_ = zip_.folder_of("data.pkl");
  if (zip_.has(folder_ + "/byteorder") && zip_.read(folder_ + "/byteorder") != "little") {
    throw InputError("was saved on a big-endian machine; load it and save it again on a little-endian one");
  }
  content_ = read_pickled(zip_.read(folder_ + "/data.pkl"), wish);
}

ElementType TensorFile::type_of(const std::string& what, const PickledTensor& tensor) {
  if (const auto type = element_type(tensor.type)) return *type;
  throw InputError(
      fmt::format("{} is a tensor of {}, expected float16, bfloat16, float32 or float64", what, tensor.type));
}

std::string_view TensorFile::storage(const std::string& what, const PickledTensor& tensor) {
  const std::size_t width = bytes_of(type_of(what, tensor));
  auto found = storages_.find(tensor.storage);
  if (found == storages_.end()) {
    found = storages_.emplace(tensor.storage, zip_.read(folder_ + "/data/" + tensor.storage)).first;
  }
  const std::string& bytes = found->second;
  if (bytes.size() % width != 0 || static_cast<std::int64_t>(bytes.size() / width) != tensor.elements) {
    throw InputError(fmt::format("damaged: the storage of {} has {} bytes, expected {} numbers of {}", what,
                                 bytes.size(), tensor.elements, width));
  }
  check_bounds(what, tensor);
  return bytes;
}

}  // namespace mtlgrid
