#include "cluster/log_tail.h"

#include <utf8.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

namespace mtlgrid {

std::string tail_of(const std::filesystem::path& file, std::uintmax_t start, int lines) {
  constexpr std::uintmax_t kAtMost = 16384;
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error || size <= start) return {};
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(std::max(start, size - std::min(size, kAtMost))));
  std::string text(std::istreambuf_iterator<char>(in), {});
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  std::size_t begin = text.size();
  for (int i = 0; i < lines && begin != std::string::npos && begin > 0; ++i) begin = text.rfind('\n', begin - 1);
  if (begin != std::string::npos && begin < text.size()) text.erase(0, begin + (text[begin] == '\n' ? 1 : 0));
  std::replace(text.begin(), text.end(), '\0', ' ');
  std::string valid;
  utf8::replace_invalid(text.begin(), text.end(), std::back_inserter(valid));
  return valid;
}

}  // namespace mtlgrid
