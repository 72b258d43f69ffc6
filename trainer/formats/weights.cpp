#include "trainer/formats/weights.h"

#include "base/errors.h"
#include "trainer/contract/parameters.h"
#include "trainer/formats/container.h"

namespace mtlgrid {
namespace {

constexpr const char* kKind = "weights";

}  // namespace

void write_weights_file(const std::filesystem::path& file, const Weights& w) {
  const nlohmann::json header = {{"cell", w.cell},
                                 {"model", w.model},
                                 {"width", w.width},
                                 {"label_column", w.label_column},
                                 {"auxiliary_column", w.auxiliary_column},
                                 {"minimum", w.minimum},
                                 {"range", w.range},
                                 {"epoch", w.epoch}};
  write_container(file, kKind, header, {{"parameters", std::span(w.values)}});
}

Weights read_weights_file(const std::filesystem::path& file) {
  const Container c = read_container(file, kKind);
  try {
    Weights w;
    c.header.at("cell").get_to(w.cell);
    c.header.at("model").get_to(w.model);
    c.header.at("width").get_to(w.width);
    c.header.at("label_column").get_to(w.label_column);
    c.header.at("auxiliary_column").get_to(w.auxiliary_column);
    c.header.at("minimum").get_to(w.minimum);
    c.header.at("range").get_to(w.range);
    c.header.at("epoch").get_to(w.epoch);
    const ParameterLayout layout = make_layout(w.model, w.width, w.label_column, w.auxiliary_column);
    w.values = c.values<float>("parameters", layout.total);
    return w;
  } catch (const nlohmann::json::exception& e) {
    throw InputError(file.string() + ": damaged header: " + e.what());
  }
}

}  // namespace mtlgrid
