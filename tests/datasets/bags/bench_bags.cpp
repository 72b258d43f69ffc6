// What sharing bags saves: wall time until every process of a node has every bag of the named folders of feature files
// at hand, and the memory that each holds for itself, with each reading the files (the yardstick) and with one bag file
// for all. The files are in the page cache in either case. Without folders: 100 made-up bags of 1,000 tiles.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>

#include "datasets/bags/node_bags.h"
#include "datasets/bags/patient_bag.h"
#include "datasets/features/fingerprint.h"
#include "datasets/synthetic/synth_features.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

KnownFeatures known(const fs::path& file) {
  const Bag bag = read_bag({file});
  return {file.string(), bag.tiles, hash_features(bag.values, bag.tiles, bag.width)};
}

// Every .h5 file as a patient of its own; each folder is a cohort.
std::vector<BagSource> sources_of(const std::vector<std::string>& names) {
  std::vector<BagSource> sources;
  for (std::size_t c = 0; c < names.size(); ++c) {
    std::uint32_t patient = 0;
    for (const auto& entry : fs::recursive_directory_iterator(names[c])) {
      if (entry.path().extension() != ".h5") continue;
      sources.push_back({static_cast<std::uint32_t>(c),
                         patient++,
                         names[c],
                         entry.path().stem().string(),
                         inspect_features(entry.path()).width,
                         {known(entry.path())}});
    }
  }
  return sources;
}

void make_up(const fs::path& folder) {
  constexpr std::int64_t kBags = 100, kTiles = 1000, kWidth = 768;
  fs::create_directories(folder);
  std::vector<std::uint16_t> values(kTiles * kWidth);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(i * 2654435761u >> 18);
  for (int bag = 0; bag < kBags; ++bag) {
    write_features(folder / fmt::format("{}.h5", bag), values, kWidth, StampLayout::v2, "made up");
  }
}

// MB of memory that this process holds beside files mapped into it.
double own_memory() {
  std::ifstream in("/proc/self/smaps_rollup");
  std::string word;
  double kilobytes = 0;
  while (in >> word && word != "Anonymous:") {
  }
  in >> kilobytes;
  return kilobytes / 1024;
}

struct Outcome {
  double own_mb = 0;
  std::uint64_t values = 0;  // that all processes must agree on
};

std::uint64_t sum_of(const BagView& bag) {
  std::uint64_t sum = 0;
  for (const std::uint16_t v : bag.values) sum += v;
  return sum;
}

Outcome read_files(const std::vector<BagSource>& sources) {
  std::vector<Bag> bags;
  Outcome outcome;
  for (const BagSource& s : sources) {
    bags.push_back(read_patient_bag(s.cohort_name, s.patient_name, s.files, s.width));
    outcome.values += sum_of(view_of(bags.back()));
  }
  outcome.own_mb = own_memory();
  return outcome;
}

Outcome share(const std::vector<BagSource>& sources, const fs::path& folder) {
  const auto say = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  const auto build = [&](const fs::path& file) { write_bag_file(file, sources, BagDisk::real(), say); };
  const auto bags = NodeBags::open({folder, true}, sources, build, say);
  Outcome outcome;
  Bag bag;
  for (const BagSource& s : sources) {
    if (bags && bags->file().read(s.cohort, s.patient, bag)) outcome.values += sum_of(view_of(bag));
  }
  outcome.own_mb = own_memory();
  return outcome;
}

// Runs `work` in `processes` at once. Prints a row; returns the wall time.
template <typename Work>
double row(const char* what, int processes, double yardstick, Work&& work) {
  int pipe[2];
  if (::pipe(pipe) != 0) std::exit(1);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < processes; ++i) {
    if (::fork() != 0) continue;
    const double before = own_memory();
    Outcome outcome = work();
    outcome.own_mb -= before;
    ::_exit(::write(pipe[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
  }
  Outcome first, largest;
  for (int i = 0; i < processes; ++i) {
    Outcome one;
    if (::read(pipe[0], &one, sizeof one) != sizeof one) std::exit(1);
    if (i == 0) first = one;
    if (one.values != first.values) std::exit((std::fprintf(stderr, "processes differ\n"), 1));
    largest.own_mb = std::max(largest.own_mb, one.own_mb);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  while (::wait(nullptr) > 0) {
  }
  ::close(pipe[0]);
  ::close(pipe[1]);
  fmt::print("{:<28} {:>9} {:>9.3f} {:>7.2f} {:>16.0f}\n", what, processes, seconds,
             seconds / (yardstick > 0 ? yardstick : seconds), largest.own_mb);
  std::fflush(stdout);
  return seconds;
}

void measure(const std::vector<BagSource>& sources, const fs::path& folder) {
  fmt::print("{} bags, {} MB as float16\n", sources.size(), bag_file_bytes(lay_out(sources)) >> 20);
  fmt::print("{:<28} {:>9} {:>9} {:>7} {:>16}\n", "", "processes", "seconds", "x", "own MB each");
  std::fflush(stdout);
  row("into the page cache", 1, 0, [&] { return read_files(sources); });
  for (const int processes : {1, 4}) {
    const double yardstick = row("each reads the files", processes, 0, [&] { return read_files(sources); });
    row("one bag file, built", processes, yardstick, [&] { return share(sources, folder); });
    row("one bag file, there already", processes, yardstick, [&] { return share(sources, folder); });
    for (const auto& entry : fs::directory_iterator(folder)) fs::remove(entry.path());
  }
}

// What the checks cost: CPU microseconds to copy a bag out of the bag file, as every step of training does, and to
// compare it with its hashes. bench_train_step tells what the step takes.
double cpu_microseconds(const std::function<void()>& work) {
  constexpr int kTries = 30;
  double best = 1e9;
  for (int i = 0; i < kTries; ++i) {
    const std::clock_t begin = std::clock();
    work();
    best = std::min(best, 1e6 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  return best;
}

void measure_checks(const fs::path& folder) {
  fmt::print("{:<28} {:>9} {:>9} {:>9}\n", "bag of the bag file, us", "tiles", "copied", "compared");
  for (const std::int64_t tiles : {100, 1000, 4000}) {
    const fs::path slide = folder / fmt::format("{}.h5", tiles), file = folder / "checked";
    std::vector<std::uint16_t> values(static_cast<std::size_t>(tiles * 768));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(i * 2654435761u >> 18);
    write_features(slide, values, 768, StampLayout::v2, "made up");
    const std::vector<BagSource> sources = {{0, 0, "C", "P", 768, {known(slide)}}};
    write_bag_file(file, sources, BagDisk::real(), [](const std::string&) {});
    BagFile bags(file, sources, [](const std::string&) {});
    Bag bag;
    const double copied = cpu_microseconds([&] {
      const auto bytes = static_cast<ssize_t>(values.size() * sizeof(std::uint16_t));
      if (::pread(bags.descriptor().get(), values.data(), static_cast<std::size_t>(bytes), 128) != bytes) std::exit(1);
    });
    const double both = cpu_microseconds([&] {
      if (!bags.read(0, 0, bag)) std::exit(1);
    });
    fmt::print("{:<28} {:>9} {:>9.0f} {:>9.0f}\n", "", tiles, copied, both - copied);
  }
}

}  // namespace
}  // namespace mtlgrid

int main(int argc, char** argv) {
  std::string folder = (std::filesystem::temp_directory_path() / "mtlgrid-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const std::filesystem::path cache = folder + "/cache", made_up = folder + "/feats";
  std::filesystem::create_directories(cache);
  std::vector<std::string> folders(argv + 1, argv + argc);
  if (folders.empty()) {
    mtlgrid::make_up(made_up);
    folders = {made_up.string()};
  }
  mtlgrid::measure(mtlgrid::sources_of(folders), cache);
  mtlgrid::measure_checks(cache);
  std::filesystem::remove_all(folder);
}
