// Feature files read in a process of their own, so that one that makes HDF5 crash, or never return, is a file with
// a fault, and the others are still read.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "base/file_descriptor.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/reader_frames.h"

namespace mtlgrid {

// A process that runs serve_features() (reader_server.h) on a pipe from `input` and one to `output`.
struct ReaderChild {
  pid_t pid = 0;
  FileDescriptor input, output;  // our ends
};

// Seconds without a word from the reading process, while it waits for the file system: after the first it is
// said, after the second the file is given up. Guessed: a file server that restarts is away for minutes.
struct ReaderPatience {
  double say = 60, give_up = 600;
};

// Starts the process when the first file is read, and a new one after a file with a fault: its memory may be damaged.
// One thread at a time.
class ReaderProcess : public FeatureReader {
 public:
  // `start` makes the process, or throws Error; `say` tells people that a file takes long.
  ReaderProcess(std::function<ReaderChild()> start, std::function<void(const std::string&)> say,
                ReaderPatience patience = {});
  ReaderProcess(const ReaderProcess&) = delete;
  ReaderProcess& operator=(const ReaderProcess&) = delete;
  ~ReaderProcess() override;

  // FileFault also where the process dies of the file ("reading it kills the HDF5 library") or is ended because it
  // makes no progress ("reading it does not end"); SystemError where another kills it, or the file system does not
  // answer. Error(needs_person) if the process cannot be started.
  CheckedFile read(const std::filesystem::path& file, bool values, bool patient) override;
  CheckedFile describe(const std::filesystem::path& file) override;

 private:
  // How the process died: why nothing was read.
  struct Death {
    int status = 0;            // as waitpid gives it
    bool by_nonsense = false;  // ended by us, since its answer was none
  };
  CheckedFile answer_to(const std::filesystem::path& file, const FrameFields& request);
  CheckedFile ask(const std::filesystem::path& file, const FrameFields& request);
  void start();
  FrameFields receive(const std::filesystem::path& file);
  FrameFields next_frame(const std::filesystem::path& file);
  bool wait_for_bytes(const std::filesystem::path& file);
  int bury();

  std::function<ReaderChild()> start_;
  std::function<void(const std::string&)> say_;
  ReaderPatience patience_;
  std::optional<ReaderChild> child_;
  bool fresh_ = false;  // the process has read no file yet
  std::string received_;
};

}  // namespace mtlgrid
