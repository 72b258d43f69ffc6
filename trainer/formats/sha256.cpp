#include "trainer/formats/sha256.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <span>
#include <vector>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/read_at.h"
#include "base/system_error.h"

namespace mtlgrid {
namespace {

void require(int ok) {
  if (ok != 1) throw Error(ErrorKind::fatal, "libcrypto cannot compute SHA-256");
}

}  // namespace

std::string sha256_of(const std::filesystem::path& file) {
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));  // waits for no pipe
  struct stat status {};
  if (!in && errno == ENOENT) throw InputError(fmt::format("{}: no such file", file.string()));
  if (!in || ::fstat(in.get(), &status) != 0) throw system_error(file, errno);
  if (!S_ISREG(status.st_mode)) throw InputError(fmt::format("{}: not a file", file.string()));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  require(hash == nullptr ? 0 : EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr));
  std::vector<std::byte> bytes(std::size_t{1} << 20);
  for (std::uint64_t offset = 0;; offset += bytes.size()) {
    int error = 0;
    const std::size_t have = read_at(in.get(), offset, bytes, error);
    if (error != 0) throw system_error(file, error);
    require(EVP_DigestUpdate(hash.get(), bytes.data(), have));
    if (have < bytes.size()) break;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  require(EVP_DigestFinal_ex(hash.get(), digest, &size));
  return fmt::format("{:02x}", fmt::join(digest, digest + size, ""));
}

}  // namespace mtlgrid
