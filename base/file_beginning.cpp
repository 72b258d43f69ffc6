#include "base/file_beginning.h"

#include <algorithm>
#include <fstream>

namespace mtlgrid {

std::string beginning_of(const std::filesystem::path& file, std::size_t bytes) {
  std::string text(bytes, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(bytes));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return text;
}

}  // namespace mtlgrid
