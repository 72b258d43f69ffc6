// Single requests to the trainer's executable, `mtlgrid-trainer answer`: one message on its stdin, one on its stdout,
// as frames of pipe_messages.h. No torch.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "results/records/records.h"
#include "trainer/contract/envelope.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

// {"type": "answer"}, without fields: it is done.
struct ExportAnswer {
  static constexpr const char* kType = "answer";
};

// A file of weights, and whose they must be: of this cell of the grid with this identity (require_weights_of()).
struct WeightsOfCell {
  std::string file;
  Cell cell;
  std::string grid;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WeightsOfCell, file, cell, grid)

// {"type": "export"}: weights.mtlgrid as a PyTorch state dict.
struct ExportRequest {
  static constexpr const char* kType = "export";
  using Answer = ExportAnswer;
  WeightsOfCell weights;
  std::string out;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ExportRequest, weights, out)

// {"type": "answer"}: in the cohort's order; `label` and `target` of a prediction are not known here: 0 and NaN.
struct PredictAnswer {
  static constexpr const char* kType = "answer";
  std::vector<Prediction> predictions;
  std::vector<Embedding> embeddings;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PredictAnswer, predictions, embeddings)

// {"type": "predict"}: every patient of `cohort` with the network of `weights` (weights.mtlgrid); its values come from
// `state_dict` instead if that is not empty.
struct PredictRequest {
  static constexpr const char* kType = "predict";
  using Answer = PredictAnswer;
  WeightsOfCell weights;
  std::string state_dict;
  bool joint = true;  // false: the class token alone, no regression (`baseline`)
  int threads = 1;
  ExperimentCohort cohort;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PredictRequest, weights, state_dict, joint, threads, cohort)

// {"type": "answer"}: as kept in the store of a cell that is a slide.
struct ExtractAnswer {
  static constexpr const char* kType = "answer";
  SlideRecord slide;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ExtractAnswer, slide)

// {"type": "extract"}: the only slide of `extraction`, outside any grid.
struct ExtractRequest {
  static constexpr const char* kType = "extract";
  using Answer = ExtractAnswer;
  Extraction extraction;
  RunSettings run;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ExtractRequest, extraction, run)

// {"type": "answer"}.
struct DevicesAnswer {
  static constexpr const char* kType = "answer";
  std::string cuda_lacks;  // why it cannot compute on a GPU; empty: it can
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DevicesAnswer, cuda_lacks)

// {"type": "devices"}, without fields: the devices that this trainer's build supports.
struct DevicesRequest {
  static constexpr const char* kType = "devices";
  using Answer = DevicesAnswer;
};

// {"type": "refused"}: an ErrorKind as number, and the error's text.
struct Refused {
  static constexpr const char* kType = "refused";
  int kind = 0;
  std::string detail;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Refused, kind, detail)

using TrainerRequest = std::variant<ExportRequest, PredictRequest, ExtractRequest, DevicesRequest>;

// What comes back to a request: its Answer, or Refused.
template <typename Request>
using TrainerAnswer = std::variant<typename Request::Answer, Refused>;

}  // namespace mtlgrid
