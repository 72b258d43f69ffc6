#include "datasets/synthetic/synth_patients.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "datasets/features/half.h"

// All strengths and noise levels here are chosen, not measured: clear enough that few patients and epochs show them.

namespace mtlgrid {
namespace {

void normalise_exponentials(std::array<double, kTissues>& logits) {
  double sum = 0;
  for (double& x : logits) sum += x = std::exp(x);
  for (double& x : logits) x /= sum;
}

double entropy(const std::array<double, kTissues>& mixture) {
  double sum = 0;
  for (const double p : mixture) sum -= p * std::log(p);
  return sum;
}

Tissue draw_tissue(const std::array<double, kTissues>& mixture, double uniform) {
  int tissue = 0;
  while (tissue + 1 < kTissues && uniform >= mixture[static_cast<std::size_t>(tissue)]) {
    uniform -= mixture[static_cast<std::size_t>(tissue++)];
  }
  return static_cast<Tissue>(tissue);
}

}  // namespace

double Draws::normal() {
  const double radius = std::sqrt(-2 * std::log1p(-uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

// The biology, its mixture of tissues and ITH, which both kinds of patients have; `loss`: how much of the last tissue a
// patient with repair lacks.
static VirtualPatient draw_tissues(Draws& draws, double loss) {
  VirtualPatient patient;
  patient.hot = draws.normal();
  patient.repair = draws.normal();
  auto& mix = patient.mixture;
  mix = {0.9 + 0.5 * patient.repair, 0.5, 0.1 + 1.5 * patient.hot, 0.3 - loss * patient.repair};
  for (double& logit : mix) logit += 0.2 * draws.normal();
  normalise_exponentials(mix);
  patient.auxiliary["ITH"] = entropy(mix) / std::log(static_cast<double>(kTissues)) + 0.03 * draws.normal();
  return patient;
}

VirtualPatient draw_patient(const RandomStream& stream) {
  Draws draws(stream);
  VirtualPatient patient = draw_tissues(draws, 1.2);
  const auto& mix = patient.mixture;
  auto& value = patient.auxiliary;
  value["LF"] = mix[immune] + 0.02 * draws.normal();
  value["LISS"] = 4 * mix[immune] / (mix[tumour] + mix[stroma]) + 0.1 * draws.normal();
  value["Prolif"] = 2 / (1 + std::exp(-1.5 * patient.repair)) + mix[tumour] + 0.1 * draws.normal();
  value["SF"] = mix[stroma] + 0.02 * draws.normal();
  return patient;
}

VirtualPatient draw_planted_patient(const RandomStream& stream) {
  Draws draws(stream);
  VirtualPatient patient = draw_tissues(draws, 1.5);
  auto& value = patient.auxiliary;
  value["LF"] = patient.hot + 0.1 * draws.normal();
  value["LISS"] = patient.hot + 0.3 * draws.normal();
  value["Prolif"] = patient.repair + 0.1 * draws.normal();
  value["Null"] = draws.normal();
  return patient;
}

Prototypes draw_prototypes(const RandomStream& stream, int features) {
  Draws draws(stream);
  Prototypes prototypes;
  for (auto& tissue : prototypes) {
    for (int d = 0; d < features; ++d) tissue.push_back(1.2 * draws.normal());
  }
  return prototypes;
}

std::vector<std::uint16_t> draw_slide(const RandomStream& stream, const VirtualPatient& patient,
                                      const Prototypes& prototypes, int median_tiles) {
  Draws draws(stream);
  const double size = median_tiles * std::exp(0.3 * draws.normal());
  const int tiles = std::clamp(static_cast<int>(std::lround(size)), std::max(1, median_tiles / 2), 2 * median_tiles);
  std::vector<std::uint16_t> values;
  for (int t = 0; t < tiles; ++t) {
    for (const double mean : prototypes[draw_tissue(patient.mixture, draws.uniform())]) {
      values.push_back(to_half(std::max(0.0, mean + 0.5 * draws.normal())));
    }
  }
  return values;
}

}  // namespace mtlgrid
