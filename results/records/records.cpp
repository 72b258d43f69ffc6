#include "results/records/records.h"

#include <bit>
#include <cstring>

#include "base/errors.h"

static_assert(std::endian::native == std::endian::little, "float32 fields are little-endian");

namespace mtlgrid {

void to_json(nlohmann::json& j, const Embedding& e) {
  std::vector<std::uint8_t> bytes(e.values.size() * sizeof(float));
  if (!bytes.empty()) std::memcpy(bytes.data(), e.values.data(), bytes.size());
  j = {{"cohort", e.cohort}, {"patient", e.patient}, {"values", nlohmann::json::binary(std::move(bytes))}};
}

void from_json(const nlohmann::json& j, Embedding& e) {
  j.at("cohort").get_to(e.cohort);
  j.at("patient").get_to(e.patient);
  const auto& bytes = j.at("values").get_binary();
  if (bytes.size() % sizeof(float) != 0) throw Error(ErrorKind::fatal, "embedding: not a whole number of float32");
  e.values.resize(bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(e.values.data(), bytes.data(), bytes.size());
}

void to_json(nlohmann::json& j, const CellResult& r) {
  j = {{"cell", r.cell},
       {"attempt", r.attempt},
       {"environment", r.environment},
       {"best_epoch", r.best_epoch},
       {"resumed", r.resumed},
       {"started", r.started},
       {"ended", r.ended},
       {"epochs", r.epochs},
       {"predictions", r.predictions},
       {"metrics", r.metrics},
       {"embeddings", r.embeddings}};
  if (r.slide) j["slide"] = *r.slide;  // journals of grids stay as they are
}

void from_json(const nlohmann::json& j, CellResult& r) {
  j.at("cell").get_to(r.cell);
  j.at("attempt").get_to(r.attempt);
  j.at("environment").get_to(r.environment);
  j.at("best_epoch").get_to(r.best_epoch);
  r.resumed = j.value("resumed", 0);  // journals of earlier versions do not say
  j.at("started").get_to(r.started);
  j.at("ended").get_to(r.ended);
  j.at("epochs").get_to(r.epochs);
  j.at("predictions").get_to(r.predictions);
  j.at("metrics").get_to(r.metrics);
  j.at("embeddings").get_to(r.embeddings);
  r.slide = j.contains("slide") ? std::optional(j["slide"].get<SlideRecord>()) : std::nullopt;
}

}  // namespace mtlgrid
