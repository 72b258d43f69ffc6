#include "datasets/slides/openslide.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "base/errors.h"
#include "base/library.h"

namespace mtlgrid::openslide {
namespace {

const std::vector<std::string>& usual_names() {
  static const std::vector<std::string> names = {"libopenslide.so.1", "libopenslide.so.0", "libopenslide.so"};
  return names;
}

constexpr const char* kAdvice =
    "install OpenSlide (Debian: apt install libopenslide0), or run pip install openslide-bin and set MTLGRID_OPENSLIDE "
    "to the folder of that package (openslide_bin)";

Library opened() {
  const char* stated = std::getenv("MTLGRID_OPENSLIDE");
  const bool named = stated != nullptr && *stated != '\0';
  Library library(named ? std::vector<std::string>{named_library(stated)} : usual_names());
  if (library.error().empty()) return library;
  const std::string cause =
      named ? "the library that the environment variable MTLGRID_OPENSLIDE names: " : "slides are read by OpenSlide: ";
  throw Error(ErrorKind::needs_person,
              cause + library.error() + "; " + (named ? "correct or unset the variable, or " : "") + kAdvice);
}

Api found() {
  const Library library = opened();
  Api a{};
  library.find(a.version, "openslide_get_version");
  library.find(a.detect_vendor, "openslide_detect_vendor");
  library.find(a.open, "openslide_open");
  library.find(a.close, "openslide_close");
  library.find(a.error, "openslide_get_error");
  library.find(a.level_count, "openslide_get_level_count");
  library.find(a.level_dimensions, "openslide_get_level_dimensions");
  library.find(a.level_downsample, "openslide_get_level_downsample");
  library.find(a.best_level, "openslide_get_best_level_for_downsample");
  library.find(a.read_region, "openslide_read_region");
  library.find(a.property_names, "openslide_get_property_names");
  library.find(a.property_value, "openslide_get_property_value");
  return a;
}

}  // namespace

std::string named_library(const std::string& value) {
  std::error_code failed;
  if (!std::filesystem::is_directory(value, failed)) return value;
  for (const std::string& name : usual_names()) {
    const std::filesystem::path inside = std::filesystem::path(value) / name;
    if (std::filesystem::exists(inside, failed)) return inside.string();
  }
  return value;
}

const Api& api() {
  static const Api a = found();  // tried again by the next call where it throws
  return a;
}

std::string version_text() { return std::string("OpenSlide ") + api().version(); }

}  // namespace mtlgrid::openslide
