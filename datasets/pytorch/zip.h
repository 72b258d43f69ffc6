// Reading zip archives, as far as PyTorch's files need it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace mtlgrid {

class ZipReader {
 public:
  // Throws InputError, without the file's name, if the file is not a zip archive, and SystemError where the system
  // refuses to read it (so does read()).
  explicit ZipReader(const std::filesystem::path& file);
  ~ZipReader();
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  // The folder that holds `record`; PyTorch names it after the saved file. Throws InputError if no folder holds it.
  std::string folder_of(const std::string& record) const;
  bool has(const std::string& record) const;
  // All bytes of a record. Throws InputError if it is missing or compressed, its checksum does not match, or all that
  // was read would be more than the file has: records that share bytes.
  std::string read(const std::string& record) const;

 private:
  struct Archive;
  std::unique_ptr<Archive> archive_;
};

}  // namespace mtlgrid
