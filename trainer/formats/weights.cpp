#include "trainer/formats/weights.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "base/text.h"
#include "trainer/contract/parameters.h"
#include "trainer/formats/container.h"

namespace mtlgrid {
namespace {

constexpr const char* kKind = "weights";
constexpr const char* kWayOn = "put the cell's own file back, or train it again (mtlgrid cell CONFIG CELL --replace)";

Weights weights_in(const Container& c) {
  Weights w;
  c.header.at("cell").get_to(w.cell);
  c.header.at("model").get_to(w.model);
  c.header.at("width").get_to(w.width);
  c.header.at("label_column").get_to(w.label_column);
  c.header.at("auxiliary_column").get_to(w.auxiliary_column);
  c.header.at("minimum").get_to(w.minimum);
  c.header.at("range").get_to(w.range);
  c.header.at("epoch").get_to(w.epoch);
  w.grid = c.header.value("grid", "");
  const ParameterLayout layout = make_layout(w.model, w.width, w.label_column, w.auxiliary_column);
  w.values = c.values<float>("parameters", layout.total);
  return w;
}

}  // namespace

void write_weights_file(const std::filesystem::path& file, const Weights& w) {
  const nlohmann::json header = {{"cell", w.cell},
                                 {"model", w.model},
                                 {"width", w.width},
                                 {"label_column", w.label_column},
                                 {"auxiliary_column", w.auxiliary_column},
                                 {"minimum", w.minimum},
                                 {"range", w.range},
                                 {"epoch", w.epoch},
                                 {"grid", w.grid}};
  write_container(file, kKind, header, {{"parameters", std::span(w.values)}});
}

Weights read_weights_file(const std::filesystem::path& file) {
  try {
    return weights_in(read_container(file, kKind));
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("{}: damaged header: {}; {}", file.string(), e.what(), kWayOn));
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}; {}", e.what(), kWayOn));
  }
}

void require_weights_of(const Weights& weights, const std::filesystem::path& file, const Cell& cell,
                        const std::string& grid) {
  if (weights.cell != cell) {
    throw InputError(fmt::format("{}: has weights of cell {}, expected those of {}; {}", file.string(),
                                 printable(weights.cell.name()), cell.name(), kWayOn));
  }
  if (!weights.grid.empty() && weights.grid != grid) {
    throw InputError(fmt::format("{}: has weights of grid {}, expected those of {}: other settings, or other data; {}",
                                 file.string(), printable(weights.grid), grid, kWayOn));
  }
}

}  // namespace mtlgrid
