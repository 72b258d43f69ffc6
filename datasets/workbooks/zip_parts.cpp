#include "datasets/workbooks/zip_parts.h"

#include <fmt/format.h>
#include <zip.h>

#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kMostMembers = 65'536;  // workbooks have a few for each sheet
constexpr std::size_t kPiece = std::size_t{1} << 16;

constexpr const char* kCopyAgain = "is it whole? Copy it once more";

// Members in the directory of an archive, counted before memory is taken for them.
std::size_t members(std::string_view bytes) {
  constexpr std::string_view kEntry = "PK\x01\x02";
  std::size_t count = 0;
  for (auto at = bytes.find(kEntry); at != std::string_view::npos; at = bytes.find(kEntry, at + kEntry.size())) ++count;
  return count;
}

std::string text_of(zip_error_t& error) {
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

}  // namespace

struct ZipParts::Archive {
  explicit Archive(std::string content) : bytes(std::move(content)) {
    if (members(bytes) > kMostMembers) throw InputError(fmt::format("has more than {} members", kMostMembers));
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    if (source == nullptr) throw InputError(fmt::format("cannot be read as a zip archive: {}", text_of(error)));
    handle = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (handle == nullptr) {
      zip_source_free(source);
      throw InputError(fmt::format("damaged: cannot be read as a zip archive: {}; {}", text_of(error), kCopyAgain));
    }
    zip_error_fini(&error);
  }
  ~Archive() {
    if (handle != nullptr) zip_discard(handle);
  }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  std::string bytes;
  zip_t* handle = nullptr;
  std::unordered_map<std::string, zip_uint64_t> index;  // names in small letters
};

ZipParts::ZipParts(std::string bytes) : archive_(std::make_unique<Archive>(std::move(bytes))) {
  const zip_int64_t entries = zip_get_num_entries(archive_->handle, 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const auto position = static_cast<zip_uint64_t>(i);
    const char* name = zip_get_name(archive_->handle, position, 0);
    if (name == nullptr || !archive_->index.emplace(lower_ascii(name), position).second) {
      throw InputError(fmt::format("damaged: the archive has {} twice",
                                   name == nullptr ? "a member without a name" : cut_to(printable(name), 60)));
    }
  }
}
ZipParts::~ZipParts() = default;

bool ZipParts::has(const std::string& part) const { return archive_->index.contains(lower_ascii(part)); }

void ZipParts::read(const std::string& part, std::uint64_t most,
                    const std::function<void(std::string_view)>& take) const {
  const auto found = archive_->index.find(lower_ascii(part));
  const std::string shown = cut_to(printable(part), 60);
  if (found == archive_->index.end()) throw InputError(fmt::format("damaged: has no {}", shown));
  const auto too_long = [&] {
    return InputError(fmt::format("{} has more than {} unpacked", shown, bytes_text(static_cast<double>(most))));
  };
  zip_stat_t stat;
  if (zip_stat_index(archive_->handle, found->second, 0, &stat) == 0 && (stat.valid & ZIP_STAT_SIZE) != 0 &&
      stat.size > most) {
    throw too_long();
  }
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(archive_->handle, found->second, 0),
                                                                zip_fclose);
  if (!file) throw InputError(fmt::format("damaged: {}: {}", shown, zip_strerror(archive_->handle)));
  std::vector<char> piece(kPiece);
  std::uint64_t total = 0;
  while (true) {
    // The checksum is compared when the end is read.
    const zip_int64_t n = zip_fread(file.get(), piece.data(), piece.size());
    if (n < 0) throw InputError(fmt::format("damaged: {}: {}; {}", shown, zip_file_strerror(file.get()), kCopyAgain));
    if (n == 0) return;
    total += static_cast<std::uint64_t>(n);
    if (total > most) throw too_long();
    take({piece.data(), static_cast<std::size_t>(n)});
  }
}

}  // namespace mtlgrid
