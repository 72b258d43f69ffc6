// Single requests to the trainer's executable, `mtlgrid-trainer answer`: one message on its stdin, one on its stdout,
// as frames of pipe_messages.h. No torch.
//
// A request is a message whose type names it, with the fields below. The answer is {"type": "answer", ...}, or
// {"type": "refused", "kind", "detail"} with an ErrorKind as number and the error's text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "results/records/records.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

// "export": weights.mtlgrid as a PyTorch state dict. Answered with no fields.
struct ExportRequest {
  std::string weights, out;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ExportRequest, weights, out)

// "predict": every patient of `cohort` with the network of `weights` (weights.mtlgrid); its values come from
// `state_dict` instead if that is not empty. Answered with a PredictAnswer.
struct PredictRequest {
  std::string weights, state_dict;
  bool joint = true;  // false: the class token alone, no regression (`baseline`)
  int threads = 1;
  ExperimentCohort cohort;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PredictRequest, weights, state_dict, joint, threads, cohort)

// In the cohort's order; `label` and `target` of a prediction are not known here: 0 and NaN.
struct PredictAnswer {
  std::vector<Prediction> predictions;
  std::vector<Embedding> embeddings;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PredictAnswer, predictions, embeddings)

// "devices", without fields: the devices that this trainer's build supports.
struct DevicesAnswer {
  std::string cuda_lacks;  // why it cannot compute on a GPU; empty: it can
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DevicesAnswer, cuda_lacks)

}  // namespace mtlgrid
