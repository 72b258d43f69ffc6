#include "trainer/formats/container.h"

#include <xxhash.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <memory>

#include "base/errors.h"
#include "base/files.h"

static_assert(std::endian::native == std::endian::little, "numbers in containers are little-endian");

namespace mtlgrid {
namespace {

constexpr char kMagic[8] = {'m', 't', 'l', 'g', 'r', 'i', 'd', '1'};
constexpr char kDone[8] = {'m', 't', 'l', 'g', 'D', 'O', 'N', 'E'};
constexpr std::size_t kFront = sizeof kMagic + 8, kTail = sizeof kDone + 8;

std::span<const char> bytes_of(const void* data, std::size_t n) { return {static_cast<const char*>(data), n}; }

std::string read_whole(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) throw InputError(file.string() + ": cannot be opened");
  std::string bytes(static_cast<std::size_t>(std::max<std::streamoff>(0, in.tellg())), '\0');
  in.seekg(0);
  if (!in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    throw InputError(file.string() + ": cannot be read");
  return bytes;
}

// Checks everything around header and arrays; returns the header's length.
std::size_t check_frame(const std::string& bytes, const std::filesystem::path& file) {
  const auto bad = [&](const char* what) { return InputError(file.string() + ": " + what); };
  if (bytes.size() < kFront + kTail) throw bad("truncated");
  if (std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) throw bad("not a checkpoint or weights file of mtlgrid");
  const char* tail = bytes.data() + bytes.size() - kTail;
  if (std::memcmp(tail, kDone, sizeof kDone) != 0) throw bad("truncated: no end marker");
  std::uint64_t checksum = 0, length = 0;
  std::memcpy(&checksum, tail + sizeof kDone, 8);
  if (checksum != XXH3_64bits(bytes.data(), bytes.size() - 8)) throw bad("damaged: the checksum does not match");
  std::memcpy(&length, bytes.data() + sizeof kMagic, 8);
  if (length > bytes.size() - kFront - kTail) throw bad("damaged: header longer than the file");
  return static_cast<std::size_t>(length);
}

}  // namespace

void write_file_whole(const std::filesystem::path& file, const std::vector<std::span<const char>>& parts) {
  try {
    AtomicFile out(FileCalls::real(), file);
    for (const auto& part : parts) out.write({part.data(), part.size()});
    out.commit();
  } catch (const FileError& e) {
    // A folder that cannot be written from here is this host's fault: other hosts continue. A full disk stops the run.
    throw Error(e.disk_full() ? ErrorKind::needs_person : ErrorKind::fatal, e.what());
  }
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
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  for (const auto& part : parts) XXH3_64bits_update(state.get(), part.data(), part.size());
  const std::uint64_t checksum = XXH3_64bits_digest(state.get());
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

Container read_container(const std::filesystem::path& file, const std::string& kind) {
  const std::string bytes = read_whole(file);
  const std::size_t length = check_frame(bytes, file);
  Container out;
  try {
    const nlohmann::json front = nlohmann::json::from_msgpack(
        bytes.begin() + kFront, bytes.begin() + static_cast<std::ptrdiff_t>(kFront + length));
    if (front.at("kind") != kind)
      throw InputError(file.string() + ": holds '" + front.at("kind").get<std::string>() + "', expected '" + kind +
                       "'");
    out.header = front.at("header");
    std::size_t at = kFront + length, left = bytes.size() - kTail - at;
    for (const auto& a : front.at("arrays")) {
      const auto n = a.at("size").get<std::size_t>(), width = a.at("width").get<std::size_t>();
      if (width != sizeof(float) && width != sizeof(double))
        throw InputError(file.string() + ": damaged: values of " + std::to_string(width) + " bytes");
      if (n > left / width) throw InputError(file.string() + ": damaged: arrays longer than the file");
      Container::Array array = {a.at("name").get<std::string>(), std::vector<std::byte>(n * width), width};
      if (n > 0) std::memcpy(array.bytes.data(), bytes.data() + at, n * width);
      at += n * width;
      left -= n * width;
      out.arrays.push_back(std::move(array));
    }
    if (left != 0) throw InputError(file.string() + ": damaged: bytes after the arrays");
  } catch (const nlohmann::json::exception& e) {
    throw InputError(file.string() + ": damaged header: " + e.what());
  }
  return out;
}

}  // namespace mtlgrid
