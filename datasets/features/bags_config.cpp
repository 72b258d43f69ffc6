#include "datasets/features/bags_config.h"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace mtlgrid {
namespace {

constexpr std::uintmax_t kMostBytes = 1 << 20;
constexpr std::size_t kLongestExtractor = 200;

nlohmann::json read_config(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error) || std::filesystem::file_size(file, error) > kMostBytes) return {};
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return nlohmann::json::parse(text, nullptr, false);
}

double positive(const nlohmann::json& config, const char* name) {
  const auto found = config.find(name);
  return found != config.end() && found->is_number() && found->get<double>() > 0 ? found->get<double>() : 0;
}

// "20x" to 20.
double magnification(const nlohmann::json& config) {
  const auto found = config.find("tile_um");
  if (found == config.end() || !found->is_string()) return 0;
  const auto text = found->get<std::string>();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && std::string_view(end) == "x" && value > 0 ? value : 0;
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
  const nlohmann::json config = read_config(file.parent_path() / "bags_config.json");
  if (!config.is_object()) return;
  info.geometry.tool = "Slideflow";
  info.geometry.um = positive(config, "tile_um");
  info.geometry.px = positive(config, "tile_px");
  info.geometry.magnification = magnification(config);
  info.geometry = completed(info.geometry);
  const auto extractor = config.find("extractor");
  if (extractor == config.end() || !extractor->is_object()) return;
  const auto name = extractor->find("class");
  if (name == extractor->end() || !name->is_string()) return;
  info.extractor = module_of(name->get<std::string>());
  info.by_encoder = !info.extractor.empty();
}

}  // namespace mtlgrid
