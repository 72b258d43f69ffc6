// One input of a fuzzer as a feature file of either format, read as `plan` reads it: in a process that may die. HDF5
// itself is not instrumented and may crash there; what counts is that every file gets an answer, in one line that names
// it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/system_error.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/reader_process.h"
#include "tests/datasets/features/forked_reader.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "features_fuzz: %s\n", what);
  std::abort();
}

void expect_line(const Error& e, const std::filesystem::path& file) {
  const std::string_view line = e.what();
  expect(line.starts_with(file.string()), "a message without the file's name");
  expect(line.size() < 4000, "a message of pages");
}

void read_once(const std::string& bytes, const char* name) {
  static const TempFolder folder;
  ReaderProcess reader([] { return forked_reader(); }, [](const std::string&) {});
  const std::filesystem::path file = folder / name;
  write_text(file, bytes);
  try {
    const CheckedFile checked = reader.read(file, true, false);
    expect((checked.info.tiles == 0 || checked.info.width > 0) && checked.hash.size() == 32,
           "an answer without content");
  } catch (const FileFault& e) {
    expect_line(e, file);
  } catch (const SystemError& e) {
    expect_line(e, file);
  }
}

}  // namespace
}  // namespace mtlgrid::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  mtlgrid::testing::read_once(bytes, "input.h5");
  if (bytes.starts_with("PK")) mtlgrid::testing::read_once(bytes, "input.pt");
  return 0;
}
