#include "datasets/features/bags_config.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "datasets/features/stated_number.h"

namespace mtlgrid {
namespace {

constexpr std::uintmax_t kMostBytes = 1 << 20;
constexpr std::size_t kLongestExtractor = 200;

constexpr const char* kName = "bags_config.json";

// The content of `file`; null where there is none, or what it holds cannot be read: that is added to what `geometry`
// could not read.
nlohmann::json read_config(const std::filesystem::path& file, TileGeometry& geometry) {
  const auto unread = [&](const char* what) {
    add_unread(geometry, kName, what);
    return nlohmann::json();
  };
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file, error))) return {};
  if (!std::filesystem::is_regular_file(file, error)) return unread("is not a file");
  if (std::filesystem::file_size(file, error) > kMostBytes) return unread("has more than 1 MB");
  std::ifstream in(file, std::ios::binary);
  if (!in) return unread("cannot be opened");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  nlohmann::json config = nlohmann::json::parse(text, nullptr, false);
  return config.is_object() ? config : unread("is not a JSON object");
}

// A number, itself or as text; 0 where there is none, or one that cannot be meant.
double stated(const nlohmann::json& config, const char* name, TileGeometry& geometry) {
  const auto found = config.find(name);
  if (found == config.end() || found->is_null()) return 0;
  std::optional<double> number;
  if (found->is_number()) {
    number = stated_number(found->get<double>(), name, geometry);
  } else if (found->is_string()) {
    number = stated_number(std::string_view(found->get_ref<const std::string&>()), name, geometry);
  } else {
    add_unread(geometry, name, "is not a number");
  }
  return number.value_or(0);
}

// `tile_um` is microns, or a magnification: 128 or "20x".
void add_tile_um(const nlohmann::json& config, TileGeometry& geometry) {
  constexpr const char* kTile = "tile_um";
  const auto found = config.find(kTile);
  const std::string text = found != config.end() && found->is_string() ? trimmed(found->get<std::string>()) : "";
  if (text.ends_with('x') || text.ends_with('X')) {
    TileGeometry other;  // of "x20x", all of it is shown
    const auto number = stated_number(std::string_view(text).substr(0, text.size() - 1), kTile, other);
    geometry.magnification = number.value_or(0);
    if (!number) add_unread(geometry, kTile, "is '" + text + "'");
  } else {
    geometry.um = stated(config, kTile, geometry);
  }
}

// The part before the last of "slideflow.model.extractors.ctranspath.CTransPathFeatures".
std::string module_of(const std::string& name) {
  const auto last = name.rfind('.');
  if (last == name.npos || name.size() > kLongestExtractor) return "";
  const std::string module = name.substr(0, last);
  return module.substr(module.rfind('.') + 1);
}

}  // namespace

void add_bags_config(const std::filesystem::path& file, FeatureInfo& info) {
  TileGeometry& geometry = info.geometry;
  const nlohmann::json config = read_config(file.parent_path() / kName, geometry);
  if (!config.is_object()) return;
  geometry.tool = "Slideflow";
  add_tile_um(config, geometry);
  geometry.px = stated(config, "tile_px", geometry);
  geometry = completed(geometry);
  const auto extractor = config.find("extractor");
  if (extractor == config.end() || !extractor->is_object()) return;
  const auto name = extractor->find("class");
  if (name == extractor->end() || !name->is_string()) return;
  info.extractor = module_of(name->get<std::string>());
  info.by_encoder = !info.extractor.empty();
}

}  // namespace mtlgrid
