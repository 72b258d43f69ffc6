#include "orchestrator/proposal/section_name.h"

#include <cctype>
#include <string_view>

namespace mtlgrid {

std::string valid_section_name(std::string text, const std::string& otherwise) {
  constexpr std::string_view kForbidden = "/,=|:[]#;\"";
  for (char& c : text) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0 || kForbidden.find(c) != kForbidden.npos) c = '-';
  }
  text.erase(0, text.find_first_not_of(' '));
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text.empty() || text == "test" ? otherwise : text;
}

}  // namespace mtlgrid
