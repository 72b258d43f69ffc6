// Reading zip archives, as far as PyTorch's files need it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace mtlgrid {

class ZipReader {
 public:
  // Throws InputError, without the file's name, if it is no zip archive.
  explicit ZipReader(const std::filesystem::path& file);
  ~ZipReader();
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  // The folder that holds `record`; PyTorch names it after the file it was saved as. Throws InputError if none does.
  std::string folder_of(const std::string& record) const;
  bool has(const std::string& record) const;
  // All bytes of a record. Throws InputError if there is none, it is compressed, or its checksum does not fit.
  std::string read(const std::string& record) const;

 private:
  struct Archive;
  std::unique_ptr<Archive> archive_;
};

}  // namespace mtlgrid
