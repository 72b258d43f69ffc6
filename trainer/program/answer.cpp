#include "trainer/program/answer.h"

#include <cstdio>

#include "base/errors.h"
#include "trainer/contract/requests.h"
#include "trainer/process/connection.h"
#include "trainer/process/server.h"
#include "trainer/training/device.h"
#include "trainer/training/export.h"
#include "trainer/training/predict_cohort.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

json answer_to(const json& request) {
  const std::string type = message_type(request);
  if (type == "export") {
    const auto r = request.get<ExportRequest>();
    export_state_dict(r.weights, r.out);
    return typed("answer", json::object());
  }
  if (type == "predict") return typed("answer", predict_cohort(request.get<PredictRequest>()));
  if (type == "devices") return typed("answer", DevicesAnswer{cuda_lacks()});
  throw Error(ErrorKind::fatal, "unknown request '" + type + "'");
}

}  // namespace

int answer(int in, int out) {
  try {
    Connection connection(in, out);
    const std::optional<json> request = connection.wait();
    if (!request) throw Error(ErrorKind::fatal, "stdin ended before a request arrived");
    try {
      connection.send(answer_to(*request));
    } catch (const Error& e) {
      connection.send({{"type", "refused"}, {"kind", static_cast<int>(e.kind())}, {"detail", e.what()}});
    }
    return kEndOfPipe;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "mtlgrid-trainer: %s\n", e.what());
    return kInternalError;
  }
}

}  // namespace mtlgrid
