#include "trainer/process/away_files.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/clock.h"

namespace mtlgrid {
namespace {

constexpr int kLookMilliseconds = 100;
constexpr double kFirstPart = 1.0 / 6;

bool is_missing(int number) { return number == ENOENT || number == ENOTDIR; }

// What the error's text begins with.
std::filesystem::path file_of(const SystemError& error) {
  const std::string what = error.what();
  return what.substr(0, what.find(": " + error.cause()));
}

}  // namespace

void AwayFiles::wait(const SystemError& error, const std::function<bool()>& stop) {
  const bool missing = is_missing(error.number());
  const double most = missing || left_ < all_ ? left_ : all_ * kFirstPart, began = Clock::real().steady();
  const std::filesystem::path file = file_of(error);
  double waited = 0;
  while (waited < most && !stop()) {
    std::error_code ignored;
    if (missing && std::filesystem::exists(file, ignored)) break;
    ::poll(nullptr, 0, kLookMilliseconds);
    waited = Clock::real().steady() - began;
  }
  left_ = std::max(0.0, left_ - waited);
}

}  // namespace mtlgrid
