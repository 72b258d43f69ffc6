// Reading and writing what trainer processes leave in pipes and logs.
#include <unistd.h>
#include <utf8.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iterator>

#include "cluster/process.h"

namespace mtlgrid {
namespace {

// While it lives, SIGPIPE does not reach this thread; one that a write raised is consumed. The process's own handling
// of the signal stays as it is.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigset_t pending;
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  ~WithoutSigpipe() {
    const timespec now{};
    if (!was_pending_) sigtimedwait(&sigpipe_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t sigpipe_, before_;
  bool was_pending_ = false;
};

}  // namespace

ssize_t write_some(int fd, std::string_view bytes) {
  const WithoutSigpipe guard;
  for (;;) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n >= 0) return n;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? 0 : -1;
  }
}

std::string tail_of(const std::filesystem::path& file, std::uintmax_t start, int lines) {
  constexpr std::uintmax_t kAtMost = 16384;
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error || size <= start) return {};
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(std::max(start, size - std::min(size, kAtMost))));
  std::string text(std::istreambuf_iterator<char>(in), {});
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  std::size_t begin = text.size();
  for (int i = 0; i < lines && begin != std::string::npos && begin > 0; ++i) begin = text.rfind('\n', begin - 1);
  if (begin != std::string::npos && begin < text.size()) text.erase(0, begin + (text[begin] == '\n' ? 1 : 0));
  std::replace(text.begin(), text.end(), '\0', ' ');
  std::string valid;
  utf8::replace_invalid(text.begin(), text.end(), std::back_inserter(valid));
  return valid;
}

}  // namespace mtlgrid
