#include "base/platform.h"

namespace mtlgrid {

Platform& Platform::real() {
  static Platform platform;
  return platform;
}

}  // namespace mtlgrid
