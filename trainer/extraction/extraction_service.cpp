#include "trainer/extraction/extraction_service.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>

#include "base/limits.h"
#include "datasets/slides/openslide.h"
#include "results/records/attempt_log_format.h"
#include "trainer/extraction/slide_extraction.h"
#include "trainer/extractors/make_extractor.h"
#include "trainer/process/environment.h"
#include "trainer/training/device.h"

namespace mtlgrid {
namespace {

constexpr int kMostDecoders = 16;
constexpr double kProgressSeconds = 1;  // between two reports

// CPUs that this process may run on.
int own_cpus() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

// Device, threads and extractor of this process.
class Means {
 public:
  Means(const Extraction& extraction, const RunSettings& run) : extraction_(extraction) {
    const TrainerDevice device = own_device(run.device);
    // On a GPU the network is faster than any number of decoders; on the CPU they share its threads.
    decoders_ = std::min(device.device.is_cuda() ? own_cpus() : run.threads, kMostDecoders);
    require_threads(run.threads + decoders_);
    at::set_num_threads(run.threads);
    const ExtractSettings& wanted = extraction.settings;
    extractor_ = make_extractor({wanted.extractor, wanted.weights, wanted.precision,
                                 device.device.is_cuda() ? "cuda" : "cpu", run.threads, wanted.batch});
    const std::string notes = extractor_->notes();
    if (!notes.empty()) std::fprintf(stderr, "%s\n", notes.c_str());
    environment_ = host_environment();
    environment_.device = device.text;
    environment_.libraries = extractor_->libraries() + ", " + openslide::version_text();
    environment_.threads = run.threads;
  }
  const Environment& environment() const { return environment_; }
  ExtractionMeans get() const { return {extraction_, *extractor_, decoders_, FileCalls::real()}; }

 private:
  const Extraction& extraction_;
  std::unique_ptr<Extractor> extractor_;
  Environment environment_;
  int decoders_ = 1;
};

class ExtractionService : public CellService {
 public:
  explicit ExtractionService(const Setup& setup)
      : extraction_(*setup.experiment.extraction), means_(extraction_, setup.experiment.run) {
    environment_ = means_.environment();
    environment_.rank = setup.rank;
  }
  Environment environment() const override { return environment_; }
  int largest_pack() const override { return 1; }
  void run(const std::vector<Train>& members, PackControl& control) override {
    for (const Train& member : members) extract(member, control);
  }

 private:
  void extract(const Train& member, PackControl& control) {
    const double began = seconds_since_1970();
    double told = began;
    ExtractionListener listener;
    listener.stop = [&] { return control.stop_requested(); };
    listener.progress = [&](int done, int supertiles) {
      const double now = seconds_since_1970();
      if (now - told < kProgressSeconds && done < supertiles) return;
      told = now;
      control.progress(member, done, supertiles, {});
    };
    const Extraction::Slide slide = extraction_.slide_of(member.cell);
    const auto record = extract_slide(slide, means_.get(), listener);
    if (!record) return control.stopped(member);
    CellResult result;
    result.cell = member.cell;
    result.attempt = member.attempt;
    result.environment = environment_;
    result.started = began;
    result.ended = seconds_since_1970();
    result.slide = *record;
    const std::string text = fmt::format("{} tiles, {} kept, {} too bright, {} too plain; {} x {} pixels of {} um ({})",
                                         record->tiles, record->kept, record->too_bright, record->too_plain,
                                         record->width, record->height, record->mpp, record->mpp_source);
    std::fprintf(stderr, "%s\n", log_line(member.cell, text).c_str());
    control.finished(member, result);
  }

  Extraction extraction_;
  Means means_;
  Environment environment_;
};

}  // namespace

std::unique_ptr<CellService> make_extraction_service(const Setup& setup) {
  return std::make_unique<ExtractionService>(setup);
}

SlideRecord extract_one(const Extraction& extraction, const RunSettings& run) {
  const Means means(extraction, run);
  const SlideCohort& cohort = extraction.cohorts.at(0);
  const ExtractionListener listener = {[] { return false; }, [](int, int) {}};
  return *extract_slide({cohort, cohort.slides.at(0)}, means.get(), listener);
}

}  // namespace mtlgrid
