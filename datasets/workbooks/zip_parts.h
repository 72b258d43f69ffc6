// The parts of a workbook: members of a zip archive in memory, each read once from its beginning to its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace mtlgrid {

class ZipParts {
 public:
  // `bytes`: a whole archive. Throws InputError, without the file's name, if it is damaged or truncated, has a member
  // twice, or more than 65,536 members.
  explicit ZipParts(std::string bytes);
  ~ZipParts();
  ZipParts(const ZipParts&) = delete;
  ZipParts& operator=(const ZipParts&) = delete;

  // Letter case does not count, as in every package of this kind.
  bool has(const std::string& part) const;
  // Passes the bytes of a part to `take`, some at a time. Throws InputError if there is no such part, it is encrypted,
  // its checksum does not match, or it has more than `most` bytes, whatever size it claims.
  void read(const std::string& part, std::uint64_t most, const std::function<void(std::string_view)>& take) const;

 private:
  struct Archive;
  std::unique_ptr<Archive> archive_;
};

}  // namespace mtlgrid
