#include "orchestrator/session/feature_process.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "base/errors.h"
#include "base/telling.h"
#include "cluster/process.h"
#include "datasets/features/reader_process.h"

namespace mtlgrid {

namespace {

ReaderChild start() {
  try {
    // The same file, even if another one has its name by now.
    ChildProcess child =
        spawn({"/proc/self/exe", {kServeFeatures}, trainer_environment(environ, 1, {}), {}, "/dev/null"});
    return {child.pid, std::move(child.input), std::move(child.output)};
  } catch (const Error& e) {
    throw Error(ErrorKind::needs_person, std::string("the process that reads feature files: ") + e.what());
  }
}

}  // namespace

std::unique_ptr<FeatureReader> feature_process() {
  return std::make_unique<ReaderProcess>(start, [](const std::string& line) { tell_message(line); });
}

}  // namespace mtlgrid
