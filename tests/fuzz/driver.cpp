// A driver for libFuzzer's entry point, for compilers without libFuzzer: guided by coverage, every input in a process
// that may crash or hang. `fuzz_TARGET --help` says how it is called; docs/fault-tests.md has the targets.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/fuzz/coverage.h"
#include "tests/fuzz/mutations.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// One huge allocation is a crash, and so is much memory altogether; leaks show as the latter.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:max_allocation_size_mb=1024:allocator_may_return_null=0:hard_rss_limit_mb=3000:"
         "abort_on_error=1:handle_abort=0";
}
extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1:halt_on_error=1:abort_on_error=1"; }

namespace mtlgrid::fuzz {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Options {
  double seconds = 60, hang = 5;
  std::uint64_t runs = 0, seed = 1;  // runs 0: until the time is over
  std::vector<fs::path> corpus;      // folders
  fs::path crashes = "crashes";
  std::vector<fs::path> files;  // only these, once
};

constexpr int kMostCrashes = 20;
constexpr std::size_t kArena = std::size_t{1} << 26;

// What the process that runs the inputs and the one that watches it share.
struct Shared {
  std::atomic<std::uint64_t> executions{0}, edges{0}, edges_of_corpus{0};
  std::atomic<std::int64_t> since{0};  // when the current input began, ns; 0: none runs
  std::atomic<bool> done{false};
  std::atomic<std::size_t> next_seed{0}, used{0};
  std::size_t size = 0;
  std::array<char, kLongestInput> input;
  std::array<std::uint8_t, kEdges> seen{};  // bits of the counts, by edge, that some input reached
  std::array<char, kArena> found;           // inputs that reached new code: size and bytes each
};

std::int64_t now() { return std::chrono::nanoseconds(Clock::now().time_since_epoch()).count(); }

// One bit for each class of counts: 1, 2, 3, 4 to 7, 8 to 15, ...
std::uint8_t class_of(std::uint8_t count) {
  if (count < 4) return static_cast<std::uint8_t>(count == 0 ? 0 : 1 << (count - 1));
  return static_cast<std::uint8_t>(1 << std::min(7, static_cast<int>(std::bit_width(unsigned{count}))));
}

// Runs inputs until the time or the number is over, in a process of its own.
class Runner {
 public:
  Runner(Shared& shared, const Options& options, const std::vector<std::string>& corpus, std::uint64_t life)
      : shared_(shared), options_(options), corpus_(corpus), mutator_(options.seed * 1'000'003 + life) {
    for (std::size_t at = 0; at < shared_.used;) {
      std::size_t size = 0;
      std::memcpy(&size, shared_.found.data() + at, sizeof size);
      corpus_.emplace_back(shared_.found.data() + at + sizeof size, size);
      at += sizeof size + size;
    }
  }

  void run(Clock::time_point end) {
    while (shared_.next_seed < corpus_.size()) run_one(corpus_[shared_.next_seed++]);
    if (shared_.edges_of_corpus == 0) shared_.edges_of_corpus = shared_.edges.load();
    const auto more = [&] { return options_.runs == 0 || shared_.executions < options_.runs; };
    while (more() && Clock::now() < end) {
      const std::string input = mutator_.mutate(corpus_);
      if (run_one(input)) keep(input);
    }
    shared_.done = true;
  }

 private:
  // Whether it reached code, or a number of times through it, that no input reached before.
  bool run_one(const std::string& input) {
    shared_.size = std::min(input.size(), kLongestInput);
    std::memcpy(shared_.input.data(), input.data(), shared_.size);
    counts_.fill(0);
    shared_.since = now();
    ++shared_.executions;
    count_edges_in(&counts_);
    // A buffer of its own: the sanitizer sees what is read beyond its end.
    const std::vector<std::uint8_t> bytes(input.begin(), input.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    count_edges_in(nullptr);
    shared_.since = 0;
    bool fresh = false;
    for (std::size_t edge = 0; edge < kEdges; ++edge) {
      if (counts_[edge] == 0) continue;
      const std::uint8_t bit = class_of(counts_[edge]);
      if ((shared_.seen[edge] & bit) != 0) continue;
      if (shared_.seen[edge] == 0) ++shared_.edges;
      shared_.seen[edge] = static_cast<std::uint8_t>(shared_.seen[edge] | bit);
      fresh = true;
    }
    return fresh;
  }

  void keep(const std::string& input) {
    const std::size_t size = input.size();
    if (shared_.used + sizeof size + size > kArena) return;
    corpus_.push_back(input);
    std::memcpy(shared_.found.data() + shared_.used, &size, sizeof size);
    std::memcpy(shared_.found.data() + shared_.used + sizeof size, input.data(), size);
    shared_.used += sizeof size + size;
    shared_.next_seed = corpus_.size();
  }

  Shared& shared_;
  const Options& options_;
  std::vector<std::string> corpus_;
  Mutator mutator_;
  EdgeCounts counts_{};
};

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Starts processes that run inputs, and takes down what crashes and hangs.
class Watcher {
 public:
  Watcher(std::string name, const Options& options) : name_(std::move(name)), options_(options) {
    void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("no memory to share");
    shared_ = new (memory) Shared;
  }

  int run(const std::vector<std::string>& corpus) {
    const auto begun = Clock::now(),
               end = begun + std::chrono::milliseconds(static_cast<long>(1000 * options_.seconds));
    for (std::uint64_t life = 0; !shared_->done && crashes_ + hangs_ < kMostCrashes; ++life) {
      if (life > 0 && Clock::now() >= end) break;
      watch([&] { Runner(*shared_, options_, corpus, life).run(end); });
    }
    fmt::print("{:18} {:9} executions in {:5.1f} s, {:5} edges, {:4} of them beyond the corpus, {} crashes, {} hangs\n",
               name_, shared_->executions.load(), std::chrono::duration<double>(Clock::now() - begun).count(),
               shared_->edges.load(), shared_->edges - std::min(shared_->edges_of_corpus, shared_->edges), crashes_,
               hangs_);
    return crashes_ + hangs_ == 0 ? 0 : 1;
  }

 private:
  void watch(const std::function<void()>& work) {
    const fs::path log = fs::temp_directory_path() / "stderr";
    const pid_t child = fork();
    if (child == 0) {
      setpgid(0, 0);
      if (std::freopen(log.c_str(), "w", stderr) == nullptr) _exit(1);
      work();
      _exit(0);
    }
    int status = 0;
    bool hung = false;
    while (waitpid(child, &status, WNOHANG) == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const std::int64_t since = shared_->since;
      hung = since != 0 && static_cast<double>(now() - since) > 1e9 * options_.hang;
      if (hung) kill(-child, SIGKILL);
    }
    kill(-child, SIGKILL);  // what it started itself
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) report(hung, log);
    shared_->since = 0;
  }

  void report(bool hung, const fs::path& log) {
    ++(hung ? hangs_ : crashes_);
    const std::string input(shared_->input.data(), shared_->size);
    const fs::path file = options_.crashes /
                          fmt::format("{}-{}-{:016x}", name_, hung ? "hang" : "crash", std::hash<std::string>{}(input));
    fs::create_directories(options_.crashes);
    std::ofstream(file, std::ios::binary) << input;
    fmt::print("{}: {}: {}\n", name_, hung ? "HANG" : "CRASH", file.string());
    const std::string said = content(log);
    if (!hung) fmt::print("{}\n", said.substr(0, 6000));
    std::fflush(stdout);
  }

  std::string name_;
  const Options& options_;
  Shared* shared_;
  int crashes_ = 0, hangs_ = 0;
};

// A folder for the temporary files of the target, gone at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "mtlgrid-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
    setenv("TMPDIR", name.c_str(), 1);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

 private:
  fs::path path_;
};

constexpr const char* kHelp =
    "fuzz_TARGET [--seconds S] [--runs N] [--seed N] [--hang S] [--corpus FOLDER]... [--crashes FOLDER] [FILE...]\n"
    "FILE: runs these inputs, once each. Otherwise runs the corpus and changed inputs, for S seconds (60) or N "
    "inputs,\n"
    "keeps in memory what reaches new code, writes inputs that crash or take longer than --hang (5 s) to --crashes\n"
    "(./crashes), and ends with status 1 if there are any.\n";

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (!name.starts_with("--")) {
      options.files.emplace_back(name);
      continue;
    }
    const std::string value = i + 1 < argc ? argv[++i] : "";
    if (name == "--seconds") {
      options.seconds = std::stod(value);
    } else if (name == "--runs") {
      options.runs = std::stoull(value);
    } else if (name == "--seed") {
      options.seed = std::stoull(value);
    } else if (name == "--hang") {
      options.hang = std::stod(value);
    } else if (name == "--corpus") {
      options.corpus.emplace_back(value);
    } else if (name == "--crashes") {
      options.crashes = value;
    } else {
      std::fputs(kHelp, stderr);
      std::exit(2);
    }
  }
  return options;
}

int run(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const TemporaryFolder scratch;
  if (!options.files.empty()) {
    for (const fs::path& file : options.files) {
      const std::string input = content(file);
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    }
    return 0;
  }
  std::vector<fs::path> files;
  for (const fs::path& folder : options.corpus) {
    if (!fs::exists(folder)) continue;  // of a target whose inputs are elsewhere
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus = {""};
  for (const fs::path& file : files) corpus.push_back(content(file));
  return Watcher(fs::path(argv[0]).filename().string().substr(5), options).run(corpus);
}

}  // namespace
}  // namespace mtlgrid::fuzz

int main(int argc, char** argv) { return mtlgrid::fuzz::run(argc, argv); }
