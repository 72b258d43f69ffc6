#include "datasets/name_forms.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

namespace mtlgrid {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v\xc2\xa0";  // with the bytes of a no-break space
constexpr std::string_view kDigits = "0123456789";

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

std::string trimmed(const std::string& name) {
  const auto first = name.find_first_not_of(kBlanks);
  return first == name.npos ? "" : name.substr(first, name.find_last_not_of(kBlanks) + 1 - first);
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

std::string with_one_separator(std::string name) {
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '_' || c == ' ' || c == '.'; }, '-');
  return name;
}

std::string with_slashes(std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  return name;
}

std::string without_folders(const std::string& name) { return name.substr(name.rfind('/') + 1); }

// TCGA-AA-1234-01Z-00-DX1 to TCGA-AA-1234: project, site, patient.
std::string patient_of_barcode(const std::string& name) {
  constexpr std::size_t kPatient = 12;
  const bool barcode = name.size() >= kPatient && name.starts_with("TCGA-") && name[7] == '-' &&
                       (name.size() == kPatient || name[kPatient] == '-');
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

std::string everything(const std::string& name) {
  const std::string bare = without_suffixes(without_uuid(without_folders(with_slashes(trimmed(name)))));
  return without_leading_zeros(with_one_separator(folded(without_point_zero(bare))));
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
      {"the Unicode form of letters (they look alike)", "write both in the same form (NFC)", composed},
      {"upper and lower case", "write both alike", folded},
      {"'.0' at the end", text, without_point_zero},
      {"zeros in front of numbers", text, without_leading_zeros},
      {"dashes, underscores, dots and blanks", "write both alike", with_one_separator},
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
  forms.push_back(
      {"several of these: blanks, case, suffix, folders, UUID, separators, zeros", "write both alike", everything});
  return forms;
}

}  // namespace mtlgrid
