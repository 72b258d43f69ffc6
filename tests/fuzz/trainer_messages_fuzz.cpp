// A message of a trainer, and of a rank to a trainer: checked, or a broken stream.
#include "base/errors.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/messages.h"
#include "tests/trainer/contract/small_result.h"
#include "trainer/contract/report_checks.h"

using namespace mtlgrid;

namespace {

// What a rank does with the bytes of a trainer.
void hear(const std::string& stream, const Experiment& experiment) {
  FrameReader reader;
  try {
    reader.feed(stream);
    while (const auto message = reader.next()) {
      const auto report = decode_report<FromTrainer>(*message, "it");
      check_report(report);
      const auto* finished = std::get_if<Finished>(&report);
      if (finished == nullptr) continue;
      check_result(finished->result, experiment);
      fuzz::expect(finished->result.predictions.size() == 3, "a prediction for every patient");
    }
  } catch (const Error&) {
  }
}

// What a trainer does with those of its rank.
void obey(const std::string& message) {
  try {
    const auto order = decode_message<ToTrainer>(decode_msgpack(message), "the rank");
    if (const auto* pack = std::get_if<TrainPack>(&order)) require_pack(*pack);
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Experiment experiment = testing::small_experiment();
  const std::string input = fuzz::text_of(data, size), message = fuzz::as_message(input);
  hear(input, experiment);
  std::string frame(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) frame[i] = static_cast<char>((message.size() >> (8 * i)) & 0xff);
  hear(frame + message, experiment);
  obey(message);
  return 0;
}
