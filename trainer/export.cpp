#include "trainer/export.h"

#include "datasets/errors.h"
namespace mtlgrid {
void export_state_dict(const std::filesystem::path&, const std::filesystem::path&) {
  throw Error(ErrorKind::fatal, "not yet");
}
}  // namespace mtlgrid
