#include "datasets/tables/table_file.h"

#include <system_error>

#include "base/ascii.h"

namespace mtlgrid {

TableFile table_file(const std::filesystem::path& name) {
  const auto exists = [](const std::filesystem::path& path) {
    std::error_code failed;  // one that cannot be looked at is there: reading it says why not
    return std::filesystem::symlink_status(path, failed).type() != std::filesystem::file_type::not_found;
  };
  const std::string whole = name.string();
  if (whole.find('#') == std::string::npos || exists(name)) return {name, std::nullopt};
  const auto divided = [&](std::size_t at) { return TableFile{whole.substr(0, at), whole.substr(at + 1)}; };
  for (auto at = whole.rfind('#'); at != std::string::npos && at > 0; at = whole.rfind('#', at - 1)) {
    const std::string file = whole.substr(0, at);
    if (file.back() != '/' && exists(file)) return divided(at);
  }
  const std::string small = lower_ascii(whole);
  for (const char* suffix : {".xlsx#", ".xlsm#"}) {
    if (const auto at = small.rfind(suffix); at != std::string::npos) return divided(at + 5);
  }
  return {name, std::nullopt};
}

}  // namespace mtlgrid
