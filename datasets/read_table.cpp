#include "datasets/read_table.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/system_error.h"
#include "datasets/csv.h"

namespace mtlgrid {
namespace {

constexpr std::string_view kSuffixes[] = {".csv", ".tsv", ".tab", ".txt"};
constexpr std::size_t kPart = 1 << 16;  // bytes read at once

std::string read_text(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const int number = errno;
    std::error_code error;
    if (number == ELOOP || (number == ENOENT && std::filesystem::is_symlink(path, error))) {
      throw InputError(path.string() + ": a link to no file, expected a table");
    }
    if (number != ENOENT && number != ENOTDIR && number != ENAMETOOLONG) throw system_error(path, number);
    throw InputError(path.string() + ": no such file, expected a table");
  }
  if (!S_ISREG(status.st_mode)) throw InputError(path.string() + ": not a file, expected a table");
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw system_error(path, errno);
  std::string text, part(kPart, '\0');
  for (;;) {
    const ssize_t size = ::read(file.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw system_error(path, errno);
    if (size == 0) return text;
    text.append(part, 0, static_cast<std::size_t>(size));
  }
}

}  // namespace

Table read_table(const std::filesystem::path& path, const TableRules& rules) {
  const std::string suffix = lower_ascii(path.extension().string());
  if (std::find(std::begin(kSuffixes), std::end(kSuffixes), suffix) != std::end(kSuffixes))
    return parse_csv(read_text(path), path, rules);
  if (suffix == ".xlsx" || suffix == ".xls" || suffix == ".ods") {
    throw InputError(
        fmt::format("{}: {} tables are not supported yet, save the sheet as csv (UTF-8)", path.string(), suffix));
  }
  throw InputError(fmt::format("{}: suffix '{}', expected a table in .csv, .tsv, .tab or .txt", path.string(),
                               path.extension().string()));
}

}  // namespace mtlgrid
