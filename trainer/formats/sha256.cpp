#include "trainer/formats/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <memory>
#include <span>

#include "base/errors.h"
#include "base/file_parts.h"

namespace mtlgrid {
namespace {

void require(int ok) {
  if (ok != 1) throw Error(ErrorKind::fatal, "libcrypto cannot compute SHA-256");
}

}  // namespace

std::string sha256_of(const std::filesystem::path& file) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  require(hash == nullptr ? 0 : EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr));
  visit_file_parts(
      file, [&](std::span<const std::byte> part) { require(EVP_DigestUpdate(hash.get(), part.data(), part.size())); });
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  require(EVP_DigestFinal_ex(hash.get(), digest, &size));
  return fmt::format("{:02x}", fmt::join(digest, digest + size, ""));
}

}  // namespace mtlgrid
