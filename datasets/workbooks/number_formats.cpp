#include "datasets/workbooks/number_formats.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/errors.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kMostStyles = 1'000'000;  // Excel has at most 65,490

// Formats that every workbook has without saying so (ECMA-376, 18.8.30), as openpyxl knows them; others are numbers.
NumberKind builtin(const std::string& id) {
  static constexpr std::string_view kDates[] = {"14", "15", "16", "17", "18", "19", "20", "21", "22", "45", "47"};
  if (id == "46") return NumberKind::duration;  // [h]:mm:ss
  return std::find(std::begin(kDates), std::end(kDates), id) != std::end(kDates) ? NumberKind::date
                                                                                 : NumberKind::number;
}

// Whether `text` begins with [h], [hh], [m], [mm], [s] or [ss].
bool elapsed(std::string_view text) {
  return text.size() > 2 && text[0] == '[' && std::string_view("hms").find(text[1]) != std::string_view::npos &&
         (text[2] == ']' || (text[2] == text[1] && text.size() > 3 && text[3] == ']'));
}

// `code` without what is in quotes, and in brackets that are not of elapsed time: colours, conditions, locales.
// Each end is searched for until one search finds none: the time is linear in the code.
std::string without_literals(std::string_view code) {
  std::string out;
  bool quotes = true, brackets = true;  // whether an end of them may follow
  while (!code.empty()) {
    const char c = code.front();
    std::size_t end = std::string_view::npos;
    if (c == '"' && quotes) {
      end = code.find('"', 1);
      quotes = end != std::string_view::npos;
    } else if (c == '[' && brackets && !elapsed(code)) {
      end = code.find(']');
      brackets = end != std::string_view::npos;
    }
    if (end == std::string_view::npos) {
      out += c;
      end = 0;
    }
    code.remove_prefix(end + 1);
  }
  return out;
}

// The identifier of a format without blanks and zeros before it.
std::string identifier(std::string_view text) {
  const auto first = text.find_first_not_of(" 0");
  return std::string(first == std::string_view::npos ? std::string_view("0") : text.substr(first));
}

}  // namespace

NumberKind kind_of_format(std::string_view code) {
  code = code.substr(0, code.find(';'));
  const std::string bare = without_literals(code);
  bool date = false;
  for (std::size_t i = 0; i < bare.size(); ++i) {
    const bool literal = i > 0 && (bare[i - 1] == '_' || bare[i - 1] == '\\');
    date = date || (!literal && std::string_view("dmhysDMHYS").find(bare[i]) != std::string_view::npos);
  }
  if (!date) return NumberKind::number;
  const std::string small = lower_ascii(std::string(code));
  for (std::string_view rest = small; !rest.empty(); rest.remove_prefix(1)) {
    if (elapsed(rest)) return NumberKind::duration;
  }
  return NumberKind::date;
}

void NumberFormats::begin(std::string_view name, const XmlAttributes& attributes) {
  Place place = Place::other;
  if (path_.empty() && name == "styleSheet") place = Place::sheet;
  if (!path_.empty() && path_.back() == Place::sheet) {
    place = name == "numFmts" ? Place::formats : name == "cellXfs" ? Place::styles : Place::other;
  } else if (!path_.empty() && path_.back() == Place::formats && name == "numFmt") {
    formats_[identifier(attributes.get("numFmtId"))] = kind_of_format(attributes.get("formatCode"));
  } else if (!path_.empty() && path_.back() == Place::styles && name == "xf") {
    styles_.push_back(identifier(attributes.get("numFmtId")));
  }
  if (styles_.size() > kMostStyles || formats_.size() > kMostStyles) throw InputError("damaged: has a million styles");
  path_.push_back(place);
}

void NumberFormats::finish() {
  for (const std::string& id : styles_) {
    const auto own = formats_.find(id);
    kinds_.push_back(own == formats_.end() ? builtin(id) : own->second);
  }
}

}  // namespace mtlgrid
