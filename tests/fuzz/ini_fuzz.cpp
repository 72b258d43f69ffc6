// A configuration: read, or refused with all its problems.
#include "base/errors.h"
#include "orchestrator/config/config.h"
#include "orchestrator/config/config_settings.h"
#include "orchestrator/config/ini.h"
#include "tests/fuzz/input.h"

using namespace mtlgrid;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::text_of(data, size);
  Problems problems;
  parse_ini(text, "grid.ini", problems);
  try {
    const Config config = load_config(fuzz::as_file(text, "grid.ini"));
    resolved_settings(config).dump();
    identity_settings(config).dump();
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
  return 0;
}
