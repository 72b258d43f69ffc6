#include "datasets/workbooks/string_table.h"

#include <algorithm>

#include "base/errors.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kMostTexts = 50'000'000;  // guessed: more than a table of that many cells needs

// A text with "_x000D_" in it, the workbook's way to write a character by its number, is kept as "_x005F_x000D_".
// openpyxl undoes this alone, by leaving out these six characters wherever they are; "_x000D_" itself stays.
void unescape(std::string& characters, std::size_t from) {
  constexpr std::string_view kEscape = "x005F_";
  std::size_t at = characters.find(kEscape, from), kept = at;
  while (at != std::string::npos) {
    const std::size_t rest = at + kEscape.size();
    at = characters.find(kEscape, rest);
    const std::size_t end = std::min(at, characters.size());
    std::copy(characters.begin() + static_cast<std::ptrdiff_t>(rest),
              characters.begin() + static_cast<std::ptrdiff_t>(end),
              characters.begin() + static_cast<std::ptrdiff_t>(kept));
    kept += end - rest;
  }
  if (kept != std::string::npos) characters.resize(kept);
}

}  // namespace

void TextRuns::begin(std::string_view name) {
  ++depth_;
  if (depth_ == 1) run_ = name == "r";
  if (name == "t" && (depth_ == 1 || (depth_ == 2 && run_))) text_at_ = depth_;
}

void TextRuns::end() {
  if (text_at_ == depth_) text_at_ = -1;
  --depth_;
}

void StringTable::begin(std::string_view name, const XmlAttributes& /*attributes*/) {
  ++depth_;
  if (inside_) {
    runs_.begin(name);
  } else if (depth_ == 2 && name == "si") {
    inside_ = true;
  }
}

void StringTable::end() {
  --depth_;
  if (!inside_) return;
  if (depth_ > 1) return runs_.end();
  inside_ = false;
  unescape(characters_, size() == 0 ? 0 : ends_.back());
  if (size() == kMostTexts) throw InputError("has more than 50,000,000 texts");
  ends_.push_back(characters_.size());
}

void StringTable::text(std::string_view piece) {
  if (inside_ && runs_.inside()) characters_ += piece;
}

}  // namespace mtlgrid
