#include "trainer/program/answer.h"

#include <cstdio>

#include "base/errors.h"
#include "base/limits.h"
#include "trainer/contract/requests.h"
#include "trainer/extraction/extraction_service.h"
#include "trainer/process/connection.h"
#include "trainer/process/server.h"
#include "trainer/training/device.h"
#include "trainer/training/export.h"
#include "trainer/training/predict_cohort.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

ExportAnswer answer_to(const ExportRequest& request) {
  export_state_dict(request.weights, request.out);
  return {};
}
PredictAnswer answer_to(const PredictRequest& request) { return predict_cohort(request); }
ExtractAnswer answer_to(const ExtractRequest& request) { return {extract_one(request.extraction, request.run)}; }
DevicesAnswer answer_to(const DevicesRequest&) { return {cuda_lacks()}; }

}  // namespace

int answer(int in, int out) {
  try {
    Connection connection(in, out);
    const std::optional<json> request = connection.wait();
    if (!request) throw Error(ErrorKind::fatal, "stdin ended before a request arrived");
    try {
      const auto decoded = decode_message<TrainerRequest>(*request, "mtlgrid");
      connection.send(std::visit([](const auto& r) { return encode_message(answer_to(r)); }, decoded));
    } catch (const Error& e) {
      connection.send(encode_message(Refused{static_cast<int>(e.kind()), e.what()}));
    } catch (const std::exception& e) {
      const auto limit = limit_met(e);
      if (!limit) throw;
      connection.send(encode_message(Refused{static_cast<int>(limit->kind()), limit->what()}));
    }
    return kEndOfPipe;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "mtlgrid-trainer: %s\n", e.what());
    return kInternalError;
  }
}

}  // namespace mtlgrid
