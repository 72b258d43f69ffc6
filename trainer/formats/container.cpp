#include "trainer/formats/container.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/decode.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/files.h"
#include "base/limits.h"
#include "base/read_at.h"
#include "base/system_error.h"
#include "base/text.h"

static_assert(std::endian::native == std::endian::little, "numbers in containers are little-endian");

namespace mtlgrid {
namespace {

constexpr char kMagic[8] = {'m', 't', 'l', 'g', 'r', 'i', 'd', '1'};
constexpr char kDone[8] = {'m', 't', 'l', 'g', 'D', 'O', 'N', 'E'};
constexpr std::size_t kFront = sizeof kMagic + 8, kTail = sizeof kDone + 8;

constexpr std::size_t kLargestContainer = std::size_t{1} << 34;  // a checkpoint of the paper's network has 160 MB
constexpr std::size_t kLargestHeader = std::size_t{1} << 26;

std::span<const char> bytes_of(const void* data, std::size_t n) { return {static_cast<const char*>(data), n}; }

// A container that is open for reading: its bytes are asked for where they are, so that memory goes to what is wanted.
class File {
 public:
  explicit File(const std::filesystem::path& path)
      : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
    struct stat status {};
    if (!file_ || ::fstat(file_.get(), &status) != 0)
      throw bad(std::string("cannot be opened: ") + std::strerror(errno));
    if (!S_ISREG(status.st_mode)) throw bad("not a file");
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ > kLargestContainer) throw bad("larger than any checkpoint or weights file");
  }

  InputError bad(const std::string& what) const { return InputError(path_.string() + ": " + what); }
  std::size_t size() const { return size_; }

  void read(std::size_t at, void* out, std::size_t n) const {
    int error = 0;
    if (read_at(file_.get(), at, {static_cast<std::byte*>(out), n}, error) < n) throw bad("cannot be read");
  }
  std::uint64_t number(std::size_t at) const {
    std::uint64_t value = 0;
    read(at, &value, sizeof value);
    return value;
  }
  bool has(std::size_t at, const char (&mark)[8]) const {
    char found[8];
    read(at, found, sizeof found);
    return std::memcmp(found, mark, sizeof mark) == 0;
  }
  // Of the first `n` bytes.
  std::uint64_t checksum(std::size_t n) const {
    const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
    XXH3_64bits_reset(state.get());
    std::vector<char> part(std::min(n, std::size_t{1} << 20));
    for (std::size_t at = 0; at < n;) {
      const std::size_t size = std::min(part.size(), n - at);
      read(at, part.data(), size);
      XXH3_64bits_update(state.get(), part.data(), size);
      at += size;
    }
    return XXH3_64bits_digest(state.get());
  }

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
  std::size_t size_ = 0;
};

// Checks everything around header and arrays; returns the header's length.
std::size_t check_frame(const File& file) {
  const std::size_t size = file.size();
  if (size < kFront + kTail) throw file.bad("truncated");
  if (!file.has(0, kMagic)) throw file.bad("not a checkpoint or weights file of mtlgrid");
  if (!file.has(size - kTail, kDone)) throw file.bad("truncated: no end marker");
  if (file.number(size - 8) != file.checksum(size - 8)) throw file.bad("damaged: the checksum does not match");
  const std::uint64_t length = file.number(sizeof kMagic);
  if (length > size - kFront - kTail) throw file.bad("damaged: header longer than the file");
  if (length > kLargestHeader) throw file.bad("damaged: header longer than any");
  return static_cast<std::size_t>(length);
}

// The arrays that the header lists, which are the rest of the file from `at`.
std::vector<Container::Array> read_arrays(const File& file, const nlohmann::json& list, std::size_t at) {
  std::vector<Container::Array> arrays;
  std::size_t left = file.size() - kTail - at;
  for (const auto& a : list) {
    if (!a.at("size").is_number_unsigned() || !a.at("width").is_number_unsigned()) {
      throw file.bad("damaged header: a size that is not a number of values");
    }
    const auto n = a.at("size").get<std::size_t>(), width = a.at("width").get<std::size_t>();
    if (width != sizeof(float) && width != sizeof(double)) {
      throw file.bad("damaged: values of " + std::to_string(width) + " bytes");
    }
    if (n > left / width) throw file.bad("damaged: arrays longer than the file");
    Container::Array& array = arrays.emplace_back(
        Container::Array{a.at("name").get<std::string>(), std::vector<std::byte>(n * width), width});
    file.read(at, array.bytes.data(), array.bytes.size());
    at += n * width;
    left -= n * width;
  }
  if (left != 0) throw file.bad("damaged: bytes after the arrays");
  return arrays;
}

// Of the parts of a container up to its checksum.
std::uint64_t checksum_of(const std::vector<std::span<const char>>& parts) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  for (const auto& part : parts) XXH3_64bits_update(state.get(), part.data(), part.size());
  return XXH3_64bits_digest(state.get());
}

// What was read must be what the checksum is of: the file may have changed since check_frame().
void check_what_was_read(const File& file, const std::string& packed, const std::vector<Container::Array>& arrays) {
  const std::uint64_t length = packed.size();
  std::vector<std::span<const char>> parts = {bytes_of(kMagic, sizeof kMagic), bytes_of(&length, sizeof length),
                                              packed};
  for (const Container::Array& a : arrays) parts.push_back(bytes_of(a.bytes.data(), a.bytes.size()));
  parts.push_back(bytes_of(kDone, sizeof kDone));
  if (file.number(file.size() - sizeof length) != checksum_of(parts)) throw file.bad("changed while it was read");
}

}  // namespace

void write_file_whole(const std::filesystem::path& file, const std::vector<std::span<const char>>& parts) {
  try {
    AtomicFile out(FileCalls::real(), file);
    for (const auto& part : parts) out.write({part.data(), part.size()});
    out.commit();
  } catch (const FileError& e) {
    rethrow_for_a_trainer(e, file);
  }
}

void rethrow_for_a_trainer(const FileError& error, const std::filesystem::path& file) {
  if (error.disk_full() || limit_of(error.code())) throw Error(ErrorKind::needs_person, error.what());
  if (error.kind() == ErrorKind::fatal) throw error;
  const std::string whole = error.what();  // "FILE: CAUSE; ADVICE", where FILE may be the temporary one or the folder
  const auto colon = whole.find(": ", file.parent_path().string().size());
  const std::string what = colon == std::string::npos ? whole : whole.substr(colon + 2);
  const auto end = what.find("; ");
  throw SystemError(file, what.substr(0, end), end == std::string::npos ? "try again" : what.substr(end + 2),
                    error.code());
}

void write_container(const std::filesystem::path& file, const std::string& kind, const nlohmann::json& header,
                     const std::vector<ArrayView>& arrays) {
  nlohmann::json front = {{"kind", kind}, {"header", header}, {"arrays", nlohmann::json::array()}};
  for (const ArrayView& a : arrays) {
    front["arrays"].push_back({{"name", a.name}, {"size", a.bytes.size() / a.width}, {"width", a.width}});
  }
  const std::vector<std::uint8_t> packed = nlohmann::json::to_msgpack(front);
  const std::uint64_t length = packed.size();
  std::vector<std::span<const char>> parts = {bytes_of(kMagic, sizeof kMagic), bytes_of(&length, 8),
                                              bytes_of(packed.data(), packed.size())};
  for (const ArrayView& a : arrays) parts.push_back(bytes_of(a.bytes.data(), a.bytes.size()));
  parts.push_back(bytes_of(kDone, sizeof kDone));
  const std::uint64_t checksum = checksum_of(parts);
  parts.push_back(bytes_of(&checksum, 8));
  write_file_whole(file, parts);
}

bool Container::has(const std::string& name) const {
  for (const Array& a : arrays) {
    if (a.name == name) return true;
  }
  return false;
}

const Container::Array& Container::find(const std::string& name, std::size_t size, std::size_t width) const {
  const auto describe = [](std::size_t n, std::size_t bytes) {
    return std::to_string(n) + " values of " + std::to_string(bytes) + " bytes";
  };
  for (const Array& a : arrays) {
    if (a.name != name) continue;
    if (a.bytes.size() == size * width && a.width == width) return a;
    throw InputError("array '" + name + "' has " + describe(a.bytes.size() / a.width, a.width) + ", expected " +
                     describe(size, width));
  }
  throw InputError("no array '" + name + "'");
}

Container read_container(const std::filesystem::path& path, const std::string& kind) {
  const File file(path);
  std::string packed(check_frame(file), '\0');
  file.read(kFront, packed.data(), packed.size());
  try {
    const nlohmann::json front = decode_msgpack(packed, kSmallFileLimits);
    const auto found = front.at("kind").get<std::string>();
    if (found != kind) throw file.bad("holds '" + printable(found.substr(0, 100)) + "', expected '" + kind + "'");
    Container out;
    out.header = front.at("header");
    out.arrays = read_arrays(file, front.at("arrays"), kFront + packed.size());
    check_what_was_read(file, packed, out.arrays);
    return out;
  } catch (const nlohmann::json::exception& e) {
    throw file.bad(std::string("damaged header: ") + e.what());
  } catch (const DecodeError& e) {
    throw file.bad(std::string("damaged header: ") + e.what());
  }
}

}  // namespace mtlgrid
