#include "trainer/formats/extractor_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/decode.h"
#include "base/errors.h"
#include "base/whole_file.h"
#include "trainer/formats/sha256.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kMostDescription = std::size_t{1} << 20;  // of a description; one has 300
constexpr int kMostSide = 4096;
constexpr std::int64_t kMostOutput = 65'536;
constexpr int kMostBatch = 65'536;
constexpr std::size_t kMostName = 100;

class DescriptionReader {
 public:
  explicit DescriptionReader(const std::filesystem::path& file) : file_(file) {
    const std::string text = read_whole_file(file, "a description of an extractor (JSON)", kMostDescription);
    try {
      json_ = decode_json(text, kSmallFileLimits);
    } catch (const DecodeError& e) {
      throw InputError(fmt::format("{}: {}, expected a description of an extractor (JSON)", file.string(), e.what()));
    }
    if (!json_.is_object()) throw InputError(fmt::format("{}: expected a JSON object", file.string()));
  }

  std::string text(const char* key) {
    const nlohmann::json* value = required(key);
    if (value == nullptr) return {};
    if (value->is_string() && !value->get<std::string>().empty()) return value->get<std::string>();
    return wrong(key, *value, "a text"), std::string();
  }
  std::int64_t whole(const char* key, std::int64_t most, bool optional = false) {
    if (optional && !json_.contains(key)) return known_.insert(key), 0;
    const nlohmann::json* value = required(key);
    if (value == nullptr) return 0;
    if (value->is_number_unsigned() && value->get<std::uint64_t>() >= 1 &&
        value->get<std::uint64_t>() <= static_cast<std::uint64_t>(most)) {
      return value->get<std::int64_t>();
    }
    return wrong(key, *value, fmt::format("a whole number, 1 to {}", most)), 0;
  }
  std::array<double, 3> channels(const char* key, bool positive) {
    const nlohmann::json* value = required(key);
    std::array<double, 3> out{};
    if (value == nullptr) return out;
    const auto good = [&](const nlohmann::json& v) {
      return v.is_number() && std::isfinite(v.get<double>()) && (!positive || v.get<double>() > 0);
    };
    if (!value->is_array() || value->size() != 3 || !std::all_of(value->begin(), value->end(), good)) {
      wrong(key, *value, positive ? "three numbers above 0 (red, green, blue)" : "three numbers (red, green, blue)");
      return out;
    }
    for (std::size_t i = 0; i < 3; ++i) out[i] = (*value)[i].get<double>();
    return out;
  }
  void problem(const std::string& what) { problems_.add(fmt::format("{}: {}", file_.string(), what)); }
  void finish() {
    for (const auto& [key, value] : json_.items()) {
      if (!known_.contains(key)) problem(fmt::format("unknown key '{}'", key));
    }
    problems_.throw_if_any();
  }

 private:
  const nlohmann::json* required(const char* key) {
    known_.insert(key);
    const auto found = json_.find(key);
    if (found != json_.end()) return &*found;
    problem(fmt::format("no key '{}'", key));
    return nullptr;
  }
  void wrong(const char* key, const nlohmann::json& value, const std::string& expected) {
    std::string found = value.dump(-1, ' ', true);
    if (found.size() > 60) found = found.substr(0, 60) + "...";
    problem(fmt::format("'{}' is {}, expected {}", key, found, expected));
  }

  std::filesystem::path file_;
  nlohmann::json json_;
  std::set<std::string> known_;
  Problems problems_;
};

bool good_name(const std::string& name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return name.size() <= kMostName && std::all_of(name.begin(), name.end(), good) && name[0] != '.';
}

// SHA-256 of the published files, as STAMP 2.5 requires them.
std::string published_sum(const std::string& extractor) {
  if (extractor == "ctranspath") return "7c998680060c8743551a412583fac689db43cec07053b72dfec6dcd810113539";
  if (extractor == "chief-ctranspath") return "1646f23001214f74cf432ef0e80b808ee6605143802ae6ed53a87564ddc4924a";
  return {};
}

}  // namespace

ExtractorDescription read_extractor_description(const std::filesystem::path& file) {
  DescriptionReader reader(file);
  ExtractorDescription d;
  d.name = reader.text("name");
  if (!d.name.empty() && !good_name(d.name)) {
    reader.problem(fmt::format("'name' is '{}', expected letters, digits, '.', '_' and '-', not '.' first, at most {}",
                               d.name, kMostName));
  }
  const std::string model = reader.text("model");
  d.model = file.parent_path() / model;
  if (d.model.extension() == ".pt2") d.kind = ExtractorDescription::Kind::aot_inductor;
  if (!model.empty() && d.model.extension() != ".pt" && d.model.extension() != ".pt2") {
    reader.problem(
        fmt::format("'model' is '{}', expected a TorchScript file (.pt) or a package of AOTInductor (.pt2)", model));
  } else if (std::error_code none; !model.empty() && !std::filesystem::is_regular_file(d.model, none)) {
    reader.problem(fmt::format("'model' is '{}', but there is no file {}", model, d.model.string()));
  }
  d.input = static_cast<int>(reader.whole("input", kMostSide));
  d.mean = reader.channels("mean", false);
  d.standard_deviation = reader.channels("standard_deviation", true);
  d.output = reader.whole("output", kMostOutput);
  d.batch = static_cast<int>(reader.whole("batch", kMostBatch, true));
  reader.finish();
  return d;
}

bool is_description(const std::string& extractor) { return extractor.ends_with(".json"); }

std::string weights_note(const std::string& extractor, const std::filesystem::path& weights) {
  const std::string published = published_sum(extractor);
  if (published.empty()) return {};
  const std::string found = sha256_of(weights);
  if (found == published) return {};
  return fmt::format("{}: not the published weights of {} (SHA-256 {}, published {})", weights.string(), extractor,
                     found, published);
}

}  // namespace mtlgrid
