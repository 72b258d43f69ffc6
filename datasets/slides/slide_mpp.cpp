#include "datasets/slides/slide_mpp.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <vector>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/text.h"
#include "datasets/workbooks/xml_events.h"

namespace mtlgrid {
namespace {

constexpr double kMostTilePixels = 16384;
constexpr std::size_t kMostShown = 40;  // columns of a value in a message

// The blanks of ASCII, as Python's str.strip() knows them.
constexpr std::string_view kBlanks = " \t\n\v\f\r\x1c\x1d\x1e\x1f";

// `text` without single underscores between digits; nullopt where one stands elsewhere.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) return std::nullopt;
  }
  return out;
}

// Finds PhysicalSizeX of the first Pixels in the first Image below the root, in document order.
class PixelsFinder final : public XmlHandler {
 public:
  void begin(std::string_view name, const XmlAttributes& attributes) override {
    ++depth_;
    if (depth_ > 1 && image_ == 0 && name == "Image") {
      image_ = depth_;
    } else if (image_ > 0 && !passed_ && name == "Pixels") {
      passed_ = true;
      found = std::string(attributes.get("PhysicalSizeX"));
    }
  }
  void end() override {
    if (depth_-- == image_) passed_ = true;  // that Image has none
  }
  void text(std::string_view) override {}

  std::string found;

 private:
  int depth_ = 0, image_ = 0;  // of the first Image; 0: not seen yet
  bool passed_ = false;        // the place has been looked at
};

struct Candidate {
  std::string source, text;
};

// What the slide says, in the order in which it counts.
std::vector<Candidate> candidates(const std::map<std::string, std::string>& properties) {
  const auto get = [&](const char* name) {
    const auto found = properties.find(name);
    return found == properties.end() ? std::string() : found->second;
  };
  std::vector<Candidate> found;
  if (properties.contains("openslide.mpp-x")) found.push_back({"openslide.mpp-x", get("openslide.mpp-x")});
  if (const auto text = comment_mpp(get("openslide.comment"))) found.push_back({"openslide.comment", *text});
  if (const auto text = description_mpp(get("tiff.ImageDescription")))
    found.push_back({"tiff.ImageDescription", *text});
  return found;
}

// What is wrong with a number of microns per pixel; "" if nothing.
std::string fault_of(double mpp, double tile_um) {
  if (!std::isfinite(mpp) || mpp <= 0) return "is not a finite number above 0";
  const double pixels = std::ceil(tile_um / mpp);
  if (tile_um / mpp < 1) return fmt::format("makes a tile of {} microns less than one pixel", tile_um);
  if (pixels > kMostTilePixels)
    return fmt::format("makes a tile of {} microns {:.4g} pixels wide, more than {}", tile_um, pixels, kMostTilePixels);
  return "";
}

}  // namespace

std::optional<double> python_float(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  const double sign = negative ? -1 : 1;
  const std::string small = lower_ascii(std::string(text));
  if (small == "inf" || small == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (small == "nan") return std::numeric_limits<double>::quiet_NaN();
  const std::optional<std::string> digits = without_underscores(small);
  if (!digits || digits->empty() || digits->find_first_not_of("0123456789.e+-") != std::string::npos)
    return std::nullopt;
  if (digits->front() == '-' || digits->front() == '+') return std::nullopt;  // a second sign
  double value = 0;
  const char* end = digits->data() + digits->size();
  const auto [stop, error] = std::from_chars(digits->data(), end, value);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) value = std::strtod(digits->c_str(), nullptr);  // inf, or 0
  return sign * value;
}

std::optional<std::string> comment_mpp(std::string_view comment) {
  constexpr std::string_view kBegin = "<PixelSizeMicrons>", kEnd = "</PixelSizeMicrons>";
  std::size_t at = 0;
  while ((at = comment.find(kBegin, at)) != std::string_view::npos) {
    const std::size_t begin = at + kBegin.size(), end = comment.find(kEnd, begin);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = comment.substr(begin, end - begin);
    const std::size_t line_end = text.rfind('\n');
    if (line_end == std::string_view::npos) return std::string(text);
    at = begin + line_end;  // no beginning before it is in the line of this end
  }
  return std::nullopt;
}

std::optional<std::string> description_mpp(std::string_view description) {
  const std::size_t first = description.find_first_not_of(kBlanks);
  if (first == std::string_view::npos || description[first] != '<') return std::nullopt;
  PixelsFinder finder;
  try {
    parse_xml(
        "tiff.ImageDescription", [&](const std::function<void(std::string_view)>& pass) { pass(description); }, finder);
  } catch (const InputError&) {
    return std::nullopt;
  }
  return finder.found.empty() ? std::nullopt : std::optional(finder.found);
}

SlideMpp slide_mpp(const std::map<std::string, std::string>& properties, const std::filesystem::path& file,
                   const MppChoice& choice) {
  std::string faults;
  const auto unusable = [&](const std::string& source, const std::string& text, const std::string& fault) {
    faults +=
        fmt::format("{}{} '{}' {}", faults.empty() ? "" : ", ", source, cut_to(printable(text), kMostShown), fault);
  };
  for (const Candidate& candidate : candidates(properties)) {
    const std::optional<double> value = python_float(candidate.text);
    const std::string fault = value ? fault_of(*value, choice.tile_um) : "is not a number";
    if (fault.empty()) return {*value, candidate.source};
    unusable(candidate.source, candidate.text, fault);
  }
  if (choice.fallback) {
    const std::string fault = fault_of(*choice.fallback, choice.tile_um);
    if (fault.empty()) return {*choice.fallback, choice.fallback_name};
    unusable(choice.fallback_name, fmt::format("{}", *choice.fallback), fault);
  }
  throw InputError(
      fmt::format("{}: microns per pixel are not known: {}; set default_mpp, or name a column that has them "
                  "with mpp_column",
                  file.string(), faults.empty() ? "the slide does not say them" : faults));
}

}  // namespace mtlgrid
