#include "datasets/features/reader_answer.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>

namespace mtlgrid {
namespace {

template <typename Number>
Number number_of(const std::string& text, Number least, Number most) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !(number >= least && number <= most)) throw Nonsense();
  return number;
}

// Writes members as fields.
class Writer {
 public:
  explicit Writer(FrameFields& fields) : fields_(fields) {}
  void operator()(const std::string& text) { fields_.push_back(text); }
  void operator()(bool value) { fields_.emplace_back(value ? "1" : "0"); }
  template <typename Number>
  void operator()(Number value, Number /*least*/, Number /*most*/) {
    fields_.push_back(fmt::format("{}", value));
  }

 private:
  FrameFields& fields_;
};

// Reads members from fields, in the order in which they were written.
class Reader {
 public:
  explicit Reader(const FrameFields& fields) : fields_(fields) {}
  void operator()(std::string& text) { text = next(); }
  void operator()(bool& value) { value = next() == "1"; }
  template <typename Number>
  void operator()(Number& value, std::type_identity_t<Number> least, std::type_identity_t<Number> most) {
    value = number_of<Number>(next(), least, most);
  }
  void finish() const {
    if (at_ != fields_.size()) throw Nonsense();
  }

 private:
  const std::string& next() {
    if (at_ == fields_.size()) throw Nonsense();
    return fields_[at_++];
  }
  const FrameFields& fields_;
  std::size_t at_ = 1;  // after "read"
};

template <typename Visit, typename Statistics>
void visit_statistics(Visit& field, Statistics& found) {
  constexpr std::int64_t kMostCount = 1ll << 52;
  constexpr double kMostHalf = 65504;
  field(found.tiles, std::int64_t{0}, kMostCount);
  field(found.width, std::int64_t{0}, kMostCount);
  field(found.not_finite, std::int64_t{0}, kMostCount);
  field(found.least, -kMostHalf, kMostHalf);
  field(found.most, -kMostHalf, kMostHalf);
  field(found.mean, -kMostHalf, kMostHalf);
  field(found.deviation, 0.0, kMostHalf);
  field(found.zeros, 0.0, 1.0);
  field(found.constant_features, std::int64_t{0}, kMostCount);
  field(found.constant_tiles, std::int64_t{0}, kMostCount);
  field(found.repeated_tiles, std::int64_t{0}, kMostCount);
}

// The members of an answer, in their order.
template <typename Visit, typename File>
void visit(Visit& field, File& file) {
  constexpr std::int64_t kMostTiles = 1ll << 32, kMostFeatures = 1ll << 20;
  constexpr std::size_t kWidest = 16;
  constexpr double kMost = 1e30;  // what follows from stated numbers (stated_number.h) is less
  auto& info = file.info;
  field(info.tiles, std::int64_t{0}, kMostTiles);
  field(info.width, std::int64_t{0}, kMostFeatures);
  field(info.value_bytes, std::size_t{1}, kWidest);
  field(info.by_encoder);
  field(info.dataset);
  field(info.extractor);
  auto& geometry = info.geometry;
  field(geometry.um, 0.0, kMost);
  field(geometry.px, 0.0, kMost);
  field(geometry.mpp, 0.0, kMost);
  field(geometry.magnification, 0.0, kMost);
  field(geometry.level, -1.0, kMost);
  field(geometry.downsample, 0.0, kMost);
  field(geometry.nominal);
  field(geometry.unit);
  field(geometry.tool);
  field(geometry.version);
  field(geometry.unread);
  field(info.pytorch);
  field(info.bfloat16);
  field(info.extraction);
  field(info.slide);
  field(info.coordinates, std::int64_t{-1}, std::int64_t{1} << 52);
  field(file.hash);
  field(file.zero_tiles, std::int64_t{0}, kMostTiles);
  visit_statistics(field, file.statistics);
}

}  // namespace

FrameFields to_answer(const CheckedFile& file) {
  FrameFields fields{"read"};
  Writer writer(fields);
  visit(writer, file);
  fields.push_back(std::to_string(static_cast<int>(file.info.level)));
  return fields;
}

CheckedFile from_answer(const FrameFields& answer) {
  if (answer.empty() || answer[0] != "read") throw Nonsense();
  CheckedFile file;
  Reader reader(answer);
  visit(reader, file);
  int level = 0;
  reader(level, 0, static_cast<int>(FeatureLevel::patient));
  file.info.level = static_cast<FeatureLevel>(level);
  reader.finish();
  if (file.zero_tiles > file.info.tiles || (file.info.tiles > 0 && file.info.width == 0)) throw Nonsense();
  return file;
}

}  // namespace mtlgrid
