#include "trainer/extractors/make_extractor.h"

#include <ATen/Context.h>
#include <fmt/format.h>

#include "base/errors.h"
#include "trainer/extractors/ctranspath.h"
#include "trainer/extractors/mean_colour.h"
#include "trainer/extractors/module_extractor.h"
#include "trainer/formats/extractor_description.h"

namespace mtlgrid {
namespace {

bool is_ctranspath(const std::string& name) { return name == "ctranspath" || name == "chief-ctranspath"; }

void check(const ExtractorSettings& s) {
  Problems problems;
  if (s.precision != "fp32" && s.precision != "bf16" && s.precision != "fp64") {
    problems.add(fmt::format("precision '{}' of the extractor: expected fp32, bf16 or fp64", s.precision));
  }
  if (s.device != "cpu" && s.device != "cuda") {
    problems.add(fmt::format("device '{}' of the extractor: expected cpu or cuda", s.device));
  }
  if (s.device == "cuda" && !at::hasCUDA()) {
    problems.add("device 'cuda' of the extractor: LibTorch finds no GPU on this machine");
  }
  if (s.batch < 1) problems.add(fmt::format("batch {} of the extractor: expected at least 1", s.batch));
  if (s.extractor == "mean-colour" && !s.weights.empty()) {
    problems.add(fmt::format("weights {}: extractor mean-colour has none; leave them out", s.weights));
  }
  if (is_ctranspath(s.extractor) && s.weights.empty()) {
    problems.add(
        fmt::format("weights: extractor {} needs the file of its weights, which its authors publish; it is not "
                    "downloaded",
                    s.extractor));
  }
  if (is_description(s.extractor) && !s.weights.empty()) {
    problems.add(fmt::format("weights {}: the description {} names the model; leave them out", s.weights, s.extractor));
  }
  if (s.extractor != "mean-colour" && !is_ctranspath(s.extractor) && !is_description(s.extractor)) {
    problems.add(
        fmt::format("extractor '{}' is not known: expected mean-colour, ctranspath, chief-ctranspath or a "
                    "description (a file .json)",
                    s.extractor));
  }
  problems.throw_if_any();
}

}  // namespace

std::unique_ptr<Extractor> make_extractor(const ExtractorSettings& settings) {
  check(settings);
  if (settings.extractor == "mean-colour") return make_mean_colour();
  if (is_ctranspath(settings.extractor)) return make_ctranspath(settings);
  return make_module_extractor(settings, read_extractor_description(settings.extractor));
}

}  // namespace mtlgrid
