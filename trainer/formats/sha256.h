// SHA-256 of a file, by OpenSSL's libcrypto: for comparison with sums that others publish. What only detects changes
// uses hash_file() (datasets/features/fingerprint.h).
#pragma once

#include <filesystem>
#include <string>

namespace mtlgrid {

// 64 hexadecimal digits. Throws InputError if `file` is not a plain file, SystemError where the system refuses to read
// it.
std::string sha256_of(const std::filesystem::path& file);

}  // namespace mtlgrid
