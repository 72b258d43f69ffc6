#include "datasets/pytorch/zip.h"

#include <fmt/format.h>
#include <zip.h>

#include <cerrno>
#include <utility>

#include "base/errors.h"
#include "base/system_error.h"

namespace mtlgrid {
namespace {

// What a system call answers to a position that the file claims.
bool of_the_file(int number) { return number == EINVAL || number == EFBIG || number == EOVERFLOW; }

// Throws SystemError if a system call failed while libzip worked: the file is not at fault then.
void throw_if_of_system(const std::filesystem::path& file, zip_error_t* error) {
  const int code = zip_error_code_zip(error), number = zip_error_code_system(error);
  const bool call = code == ZIP_ER_OPEN || code == ZIP_ER_READ || code == ZIP_ER_SEEK;
  if (call && zip_error_system_type(error) == ZIP_ET_SYS && number != 0 && !of_the_file(number)) {
    throw system_error(file, number);
  }
}

}  // namespace

struct ZipReader::Archive {
  explicit Archive(std::filesystem::path path) : file(std::move(path)) {
    if (!std::filesystem::is_regular_file(file)) throw InputError("is not a file");  // opening a pipe would wait
    int code = 0;
    errno = 0;
    handle = zip_open(file.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code);
    if (handle != nullptr) {
      size = left = std::filesystem::file_size(file);
      return;
    }
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string text = zip_error_strerror(&error);
    throw_if_of_system(file, &error);
    zip_error_fini(&error);
    throw InputError(fmt::format("cannot be read as a zip archive: {}", text));
  }
  ~Archive() { zip_discard(handle); }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  std::filesystem::path file;
  zip_t* handle = nullptr;
  std::uintmax_t size = 0;  // bytes; no stored record is longer
  std::uintmax_t left = 0;  // of them for records that are still to be read: none shares bytes with another
};

ZipReader::ZipReader(const std::filesystem::path& file) : archive_(std::make_unique<Archive>(file)) {}
ZipReader::~ZipReader() = default;

std::string ZipReader::folder_of(const std::string& record) const {
  const zip_int64_t entries = zip_get_num_entries(archive_->handle, 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const char* name = zip_get_name(archive_->handle, static_cast<zip_uint64_t>(i), 0);
    const std::string path = name == nullptr ? "" : name;
    if (const auto slash = path.find('/'); slash != std::string::npos && path.substr(slash + 1) == record) {
      return path.substr(0, slash);
    }
  }
  throw InputError(fmt::format("has no {}", record));
}

bool ZipReader::has(const std::string& record) const {
  return zip_name_locate(archive_->handle, record.c_str(), 0) >= 0;
}

std::string ZipReader::read(const std::string& record) const {
  zip_stat_t stat;
  if (zip_stat(archive_->handle, record.c_str(), 0, &stat) != 0) throw InputError(fmt::format("has no {}", record));
  // A compressed record could claim any size; PyTorch compresses none.
  if (stat.comp_method != ZIP_CM_STORE || stat.size > archive_->size) {
    throw InputError(fmt::format("{} is compressed, expected it stored as PyTorch does", record));
  }
  if (stat.size > archive_->left) throw InputError(fmt::format("damaged: {} shares bytes with other records", record));
  archive_->left -= stat.size;
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen(archive_->handle, record.c_str(), 0),
                                                                zip_fclose);
  if (!file) throw InputError(fmt::format("damaged: {}: {}", record, zip_strerror(archive_->handle)));
  // One byte more than there is: the checksum is compared at the end of the record.
  std::string bytes(stat.size + 1, '\0');
  zip_int64_t n = 0, total = 0;
  while ((n = zip_fread(file.get(), bytes.data() + total, bytes.size() - static_cast<std::size_t>(total))) > 0) {
    total += n;
  }
  if (n < 0) throw_if_of_system(archive_->file, zip_file_get_error(file.get()));
  if (n < 0 || static_cast<zip_uint64_t>(total) != stat.size) {
    throw InputError(fmt::format("damaged: {}: {}", record, n < 0 ? zip_file_strerror(file.get()) : "truncated"));
  }
  bytes.pop_back();
  return bytes;
}

}  // namespace mtlgrid
