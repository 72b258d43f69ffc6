#include "datasets/cohorts/name_forms.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

namespace mtlgrid {
namespace {

constexpr std::string_view kDigits = "0123456789";

// In UTF-8. Blanks: ASCII's, no-break, figure, narrow no-break and ideographic space.
constexpr std::array<std::string_view, 10> kBlanks = {" ",  "\t",       "\r",           "\n",           "\f",
                                                      "\v", "\xc2\xa0", "\xe2\x80\x87", "\xe2\x80\xaf", "\xe3\x80\x80"};
// Soft hyphen, zero-width space, non-joiner and joiner, marks of direction, word joiner, byte-order mark.
constexpr std::array<std::string_view, 8> kInvisible = {"\xc2\xad",     "\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x80\x8d",
                                                        "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x81\xa0", "\xef\xbb\xbf"};
// Hyphen, no-break hyphen, figure dash, en dash, em dash, bar, minus, small and full-width hyphen.
constexpr std::array<std::string_view, 9> kDashes = {"\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x92",
                                                     "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95",
                                                     "\xe2\x88\x92", "\xef\xb9\xa3", "\xef\xbc\x8d"};
// Straight and typographic quotes, and the brackets of lists.
constexpr std::array<std::string_view, 13> kQuotes = {"'",
                                                      "\"",
                                                      "`",
                                                      "[",
                                                      "]",
                                                      "(",
                                                      ")",
                                                      "\xe2\x80\x98",
                                                      "\xe2\x80\x99",
                                                      "\xe2\x80\x9c",
                                                      "\xe2\x80\x9d",
                                                      "\xe2\x80\x9e",
                                                      "\xe2\x80\x9a"};

// The sequence of `of` at the beginning (or end) of the text; "" if there is none.
template <std::size_t N>
std::string_view at_begin(std::string_view text, const std::array<std::string_view, N>& of) {
  const auto found = std::find_if(of.begin(), of.end(), [&](std::string_view s) { return text.starts_with(s); });
  return found == of.end() ? std::string_view() : *found;
}
template <std::size_t N>
std::string_view at_end(std::string_view text, const std::array<std::string_view, N>& of) {
  const auto found = std::find_if(of.begin(), of.end(), [&](std::string_view s) { return text.ends_with(s); });
  return found == of.end() ? std::string_view() : *found;
}

template <std::size_t N>
std::string stripped(std::string_view text, const std::array<std::string_view, N>& of) {
  for (auto s = at_begin(text, of); !s.empty(); s = at_begin(text, of)) text.remove_prefix(s.size());
  for (auto s = at_end(text, of); !s.empty(); s = at_end(text, of)) text.remove_suffix(s.size());
  return std::string(text);
}

template <std::size_t N>
std::string replaced(std::string_view text, const std::array<std::string_view, N>& of, std::string_view by) {
  std::string out;
  while (!text.empty()) {
    const std::string_view s = at_begin(text, of);
    out += s.empty() ? text.substr(0, 1) : by;
    text.remove_prefix(std::max<std::size_t>(1, s.size()));
  }
  return out;
}

std::string mapped(const std::string& name, int options) {
  utf8proc_uint8_t* out = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()), static_cast<utf8proc_ssize_t>(name.size()),
                   &out, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(out, std::free);
  return size < 0 ? name : std::string(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
}

std::string composed(const std::string& name) { return mapped(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE); }

std::string folded(const std::string& name) {
  return mapped(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

std::string trimmed(const std::string& name) { return stripped(name, kBlanks); }

std::string without_blanks(const std::string& name) { return replaced(name, kBlanks, ""); }

std::string without_invisible(const std::string& name) { return replaced(name, kInvisible, ""); }

std::string unquoted(const std::string& name) { return stripped(name, kQuotes); }

// "1e+05" to "100000", as spreadsheets and R write round numbers; digits that were cut off do not come back.
std::string without_exponent(const std::string& name) {
  const auto e = name.find_first_of("eE");
  if (e == name.npos || e == 0) return name;
  std::string digits = name.substr(0, e), exponent = name.substr(e + 1);
  if (exponent.starts_with("+")) exponent.erase(0, 1);
  const auto point = digits.find('.');
  const std::size_t decimals = point == digits.npos ? 0 : digits.size() - point - 1;
  if (point != digits.npos) digits.erase(point, 1);
  const auto is_number = [](const std::string& s) { return !s.empty() && s.find_first_not_of(kDigits) == s.npos; };
  if (!is_number(digits) || !is_number(exponent) || exponent.size() > 2) return name;
  const auto zeros = static_cast<std::size_t>(std::stoi(exponent));
  return zeros < decimals ? name : digits + std::string(zeros - decimals, '0');
}

// "1001.0" to "1001": a column of whole numbers that became one of decimals.
std::string without_point_zero(const std::string& name) {
  const auto zeros = name.find_last_not_of('0');
  if (zeros == name.npos || zeros == 0 || zeros + 1 == name.size() || name[zeros] != '.') return name;
  return name.substr(0, zeros).find_first_not_of(kDigits) == name.npos ? name.substr(0, zeros) : name;
}

// Without zeros at the beginning of numbers: "P007" to "P7".
std::string without_leading_zeros(const std::string& name) {
  const auto digit = [&](std::size_t i) { return i < name.size() && kDigits.find(name[i]) != kDigits.npos; };
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool begins = digit(i) && (out.empty() || kDigits.find(out.back()) == kDigits.npos);
    if (name[i] == '0' && begins && digit(i + 1)) continue;
    out += name[i];
  }
  return out;
}

std::string with_one_separator(const std::string& name) {
  std::string out = replaced(replaced(name, kDashes, "-"), kBlanks, "-");
  std::replace_if(out.begin(), out.end(), [](char c) { return c == '_' || c == '.'; }, '-');
  return out;
}

std::string with_slashes(std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  return name;
}

std::string without_folders(const std::string& name) { return name.substr(name.rfind('/') + 1); }

// TCGA-AA-1234-01Z-00-DX1 to TCGA-AA-1234: project, site, patient.
std::string patient_of_barcode(const std::string& name) {
  constexpr std::size_t kPatient = 12;
  const bool barcode = name.size() >= kPatient && (name.starts_with("TCGA-") || name.starts_with("tcga-")) &&
                       name[7] == '-' && (name.size() == kPatient || name[kPatient] == '-');
  return barcode ? name.substr(0, kPatient) : name;
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kPattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kPattern.size() && std::equal(text.begin(), text.end(), kPattern.begin(), [](char c, char p) {
           return p == '-' ? c == '-' : std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos;
         });
}

// "SLIDE.0f3bcd5e-....h5" to "SLIDE.h5": files of the GDC portal carry the slide's UUID.
std::string without_uuid(const std::string& name) {
  constexpr std::size_t kUuid = 36;
  for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
    if (is_uuid(std::string_view(name).substr(dot + 1, kUuid)))
      return name.substr(0, dot) + name.substr(dot + 1 + kUuid);
  }
  return name;
}

std::string without_suffixes(std::string name) {
  for (std::string shorter = without_file_suffix(name); shorter != name; shorter = without_file_suffix(name)) {
    name = shorter;
  }
  return name;
}

std::string everything(const std::string& name, NameKind kind) {
  const std::string seen = trimmed(unquoted(trimmed(without_invisible(name))));
  const std::string bare = without_suffixes(without_uuid(without_folders(with_slashes(seen))));
  const std::string alike = with_one_separator(folded(without_point_zero(without_exponent(bare))));
  return without_leading_zeros(kind == NameKind::patients ? patient_of_barcode(alike) : alike);
}

}  // namespace

std::string without_file_suffix(const std::string& name) {
  constexpr std::array<std::string_view, 24> kSuffixes = {
      ".h5",  ".hdf5", ".pt",  ".pth",     ".npy",    ".svs", ".tif",     ".tiff", ".ndpi", ".mrxs", ".scn",  ".czi",
      ".vms", ".vmu",  ".bif", ".svslide", ".qptiff", ".dcm", ".isyntax", ".png",  ".jpg",  ".jpeg", ".zarr", ".csv"};
  const auto dot = name.rfind('.');
  if (dot == name.npos || dot == 0) return name;
  const std::string suffix = folded(name.substr(dot));
  const bool known = std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end();
  return known ? name.substr(0, dot) : name;
}

bool separates(char c) { return std::string_view("-_. /:()[]").find(c) != std::string_view::npos; }

std::vector<NameForm> name_forms(NameKind kind) {
  const std::string text = "save the column as text, not as numbers";
  std::vector<NameForm> forms = {
      {"blanks at their ends", "remove the blanks", trimmed},
      {"invisible characters (a zero-width space, a byte-order mark)", "remove them", without_invisible},
      {"quotes or brackets around them", "write the names alone", unquoted},
      {"the Unicode form of letters (they look alike)", "write both in the same form (NFC)", composed},
      {"upper and lower case", "write both alike", folded},
      {"'.0' at the end", text, without_point_zero},
      {"the way of writing numbers (1e+05)", text, without_exponent},
      {"zeros in front of numbers", text, without_leading_zeros},
      {"dashes, underscores, dots and blanks", "write both alike", with_one_separator},
      {"blanks within them", "write both without blanks", without_blanks},
  };
  if (kind == NameKind::patients) {
    forms.push_back({"what follows the patient in a TCGA barcode",
                     "write patients' barcodes, the first 12 characters, in both tables", patient_of_barcode});
    forms.push_back({"the suffix of a file", "write patients, not files", without_suffixes});
  } else {
    const std::string as_files = "write the names as the files have them, with '.h5' or without a suffix";
    forms.push_back({"their suffixes", as_files, without_suffixes});
    forms.push_back({"backslashes for slashes", "write folders with '/'", with_slashes});
    forms.push_back({"the folders in front", "write paths relative to the feature folder", without_folders});
    forms.push_back({"the slide's UUID", "write the whole names of the files, or rename the files", without_uuid});
  }
  forms.push_back({kind == NameKind::patients
                       ? "several of these: blanks, quotes, case, suffix, barcode, separators, zeros"
                       : "several of these: blanks, quotes, case, suffix, folders, UUID, separators, zeros",
                   "write both alike", [kind](const std::string& name) { return everything(name, kind); }});
  return forms;
}

}  // namespace mtlgrid
