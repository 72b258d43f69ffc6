// A file that a user named for a result (`--out`): what is there decides how it is written.
//
// No wait is without end: for a pipe's reader to come, and for one that takes nothing, PipePatience says how long.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/file_calls.h"

namespace mtlgrid {

// Symbolic links are followed, and stay; one that leads nowhere names the file that will be made. A plain file, or
// none, is replaced by rename, so that readers find the old content or the new; it keeps its permissions. A pipe, a
// device and an open file of this process (/dev/stdout, /dev/fd/N) are written through. Nothing that is not a plain
// file is ever replaced.
struct PipePatience {
  double reader_seconds = 10;   // until somebody opens a named pipe for reading
  double taking_seconds = 600;  // until whoever reads a pipe or terminal takes the next byte
};

class OutputFile {
 public:
  // Looks at what is there. Throws InputError if it cannot be written: a folder, a folder that does not exist or that
  // this user cannot write, links in a circle. `option` begins the message.
  OutputFile(const char* option, const std::filesystem::path& named);

  // Whether path(), without links, is written by rename.
  bool replaced() const { return replaced_; }
  const std::filesystem::path& path() const { return path_; }

  // Writes all of `content`. Throws FileError; then a plain file is as it was. Says on stderr when it waits for a
  // reader; throws Error(needs_person) when patience is at an end.
  void write(FileCalls& calls, std::string_view content, const PipePatience& patience = {}) const;

 private:
  void write_through(FileCalls& calls, std::string_view content, const PipePatience& patience) const;

  std::filesystem::path path_;
  bool replaced_ = true;
  int descriptor_ = -1;  // of this process, which the name means
};

// Throws InputError, which begins with `option`, if `named` is one of `inputs` by whatever name: what a command reads
// is not replaced by what it writes.
void refuse_input(const char* option, const std::filesystem::path& named,
                  const std::vector<std::filesystem::path>& inputs);

}  // namespace mtlgrid
