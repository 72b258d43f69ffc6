// The small files beside a store and beside tables: locks, live files, ends of runs, origins, memories of fingerprints.
// What cannot be read is said or is as if it were not there.
#include "base/errors.h"
#include "datasets/features/fingerprint_memory.h"
#include "results/status/live_run.h"
#include "results/store/layout.h"
#include "results/tables/table_origin.h"
#include "tests/fuzz/input.h"

using namespace mtlgrid;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = fuzz::text_of(data, size);
  const std::filesystem::path folder = std::filesystem::temp_directory_path(), store = folder / "grid.db";
  for (const StoreFile file : {StoreFile::lock, StoreFile::progress, StoreFile::done}) {
    fuzz::as_file(bytes, store_path(store, file).filename());
  }
  const RunState state = read_run_state(store, 1, 1.8e9);
  state.running_text();
  if (state.holder) state.holder->described();
  if (state.end) state.end->text();
  if (state.live) state.live->place_of("MSI/LF/naive/0");
  fuzz::as_file("", "table1.md");
  fuzz::as_file(bytes, kOriginFile);
  try {
    check_table_folder(folder, {store, "1", 1, "identity", true});
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
  FingerprintMemory::load(fuzz::as_file(bytes, "fingerprints.json")).find("a.h5");
  return 0;
}
