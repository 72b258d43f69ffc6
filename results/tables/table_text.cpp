#include "results/tables/table_text.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace mtlgrid {

std::string name_in_values(const PaperTable& table) {
  return table.file_stem.starts_with("table") ? table.file_stem.substr(5) : table.file_stem;
}

std::string one_line(std::string_view text) {
  std::string out(text);
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < 0x80 && std::iscntrl(c); }, ' ');
  return printable(out);
}

}  // namespace mtlgrid
