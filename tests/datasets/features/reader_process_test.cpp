// A feature file that kills the reading process, or never ends, is a file with a fault; the others are still read.
#include "datasets/features/reader_process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <map>

#include "base/system_error.h"
#include "datasets/cohorts/load_cohort.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/reader_answer.h"
#include "datasets/synthetic/synth_features.h"
#include "tests/datasets/features/forked_reader.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CheckedFile some_file() {
  CheckedFile file;
  file.info = {2, 3, "E", "feats"};
  file.hash = "hash";
  return file;
}

const FrameFields kAnswer = to_answer(some_file());

// The answer with one of its fields replaced, by position.
std::string answer_with(std::size_t field, const std::string& text) {
  FrameFields fields = kAnswer;
  fields.at(field) = text;
  return to_frame(fields);
}

// What a process does with a file, by the file's name and how many it has read before.
using Deed = std::function<void(const std::string& name, int before, int out)>;

// A sanitizer has a handler of its own.
void die_of(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void do_answer(int out) { write_frame(out, to_frame(kAnswer)); }

// Serves as serve_features() does, but does `deed` for each file.
std::function<int(int, int)> serving(const Deed& deed) {
  return [deed](int in, int out) {
    write_frame(out, to_frame({"ready"}));
    std::string waiting, bytes(4096, '\0');
    for (int before = 0;;) {
      const ssize_t count = ::read(in, bytes.data(), bytes.size());
      if (count <= 0) return 0;
      waiting.append(bytes, 0, static_cast<std::size_t>(count));
      while (const auto request = take_frame(waiting)) {
        deed(fs::path(request->at(0)).filename().string(), before++, out);
      }
    }
  };
}

class Reader : public ::testing::Test {
 protected:
  // Reads `files` one after the other: "ok", or what is wrong, of each.
  std::vector<std::string> read(const std::function<int(int, int)>& serve, const std::vector<std::string>& files) {
    ReaderProcess reader([&] { return ++starts, forked_reader(serve); },
                         [&](const std::string& line) { said.push_back(line); }, patience);
    std::vector<std::string> out;
    for (const std::string& file : files) {
      try {
        out.push_back(reader.read(file, true, true).hash == "hash" ? "ok" : "another answer");
      } catch (const FileFault& e) {
        out.push_back(std::string("fault ") + e.what());
      } catch (const SystemError& e) {
        out.push_back(std::string("system ") + e.what());
      }
    }
    return out;
  }
  ReaderPatience patience;
  int starts = 0;
  std::vector<std::string> said;
};

TEST_F(Reader, ThatDiesOfAFileIsStartedForTheNext) {
  const auto serve = serving([](const std::string& name, int, int out) {
    if (name == "kills.h5") die_of(SIGSEGV);
    do_answer(out);
  });
  EXPECT_THAT(read(serve, {"a.h5", "kills.h5", "b.h5", "c.h5"}),
              ElementsAre("ok",
                          AllOf(HasSubstr("fault kills.h5: reading it kills the HDF5 library"),
                                HasSubstr("(signal 11, Segmentation fault)")),
                          "ok", "ok"));
  EXPECT_EQ(starts, 3);  // a new one reads the file once more: the first may have died of another
}

TEST_F(Reader, ThatDiesOfAnEarlierFileBlamesNoOther) {
  const auto serve = serving([](const std::string&, int before, int out) {
    if (before == 1) std::abort();
    do_answer(out);
  });
  EXPECT_THAT(read(serve, {"a.h5", "b.h5", "c.h5"}), ElementsAre("ok", "ok", "ok"));
}

TEST_F(Reader, ThatMakesNoProgressIsEnded) {
  const auto serve = serving([](const std::string&, int, int) { std::raise(SIGPROF); });
  EXPECT_THAT(read(serve, {"turns.h5"}), ElementsAre(HasSubstr("fault turns.h5: reading it does not end")));
  EXPECT_EQ(starts, 1);
}

TEST_F(Reader, ThatIsKilledByTheSystemIsNotTheFilesFault) {
  const auto serve = serving([](const std::string&, int, int) { std::raise(SIGKILL); });
  EXPECT_THAT(read(serve, {"a.h5"}), ElementsAre(AllOf(HasSubstr("system a.h5: "), HasSubstr("signal 9"))));
}

TEST_F(Reader, ThatSaysNonsenseIsNotBelieved) {
  const std::vector<std::string> nonsense{
      answer_with(1, "-1"),
      answer_with(1, "99999999999999"),
      answer_with(2, "0"),                     // no features in two tiles
      answer_with(7, "nan"),                   // microns
      answer_with(kAnswer.size() - 13, "3"),   // more tiles of zeros than tiles
      answer_with(kAnswer.size() - 6, "-1"),   // a deviation
      answer_with(kAnswer.size() - 5, "1.5"),  // a share of zeros
      answer_with(kAnswer.size() - 1, "17"),   // a level
      to_frame({"read", "2"}),
      to_frame({"hello"}),
      std::string("\xff\xff\xff\x7f") + "abc",       // a frame of 2 GB
      std::string("\x05\0\0\0\xff\xff\0\0\x01", 9),  // a field longer than its frame
      std::string("\0\0\0\0", 4)};                   // no field
  for (const std::string& frame : nonsense) {
    const auto serve = serving([&](const std::string&, int, int out) { write_frame(out, frame); });
    EXPECT_THAT(read(serve, {"a.h5"}), ElementsAre(HasSubstr("fault a.h5: reading it kills the HDF5 library")));
  }
}

TEST_F(Reader, ThatDoesNotStartIsAnError) {
  try {
    read([](int, int) { return 127; }, {"a.h5"});
    FAIL() << "an error was expected";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::needs_person);
    EXPECT_THAT(e.what(), HasSubstr("did not start (status 127)"));
  }
}

TEST_F(Reader, ThatWaitsForTheFileSystemIsSaidAndThenGivenUp) {
  patience = {0.01, 0.05};
  const auto serve = serving([](const std::string&, int, int) { ::pause(); });
  EXPECT_THAT(read(serve, {"a.h5"}), ElementsAre(HasSubstr("system a.h5: cannot be read: no answer for")));
  EXPECT_THAT(said, ElementsAre(HasSubstr("a.h5: still waiting for the file system")));
}

TEST_F(Reader, ThatShowsProgressIsWaitedFor) {
  const auto serve = serving([](const std::string&, int, int out) {
    for (int i = 0; i < 3; ++i) write_frame(out, to_frame({"working"}));
    do_answer(out);
  });
  EXPECT_THAT(read(serve, {"a.h5"}), ElementsAre("ok"));
}

// The answers of a reader, as text.
std::string read_by(FeatureReader& reader, const fs::path& file, bool values) {
  try {
    const CheckedFile checked = reader.read(file, values, false);
    const FeatureInfo& i = checked.info;
    return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {}", i.tiles, i.width, i.extractor, i.dataset,
                       i.value_bytes, i.by_encoder, geometry_text(i.geometry), tool_text(i.geometry), i.geometry.unit,
                       static_cast<int>(i.level), i.pytorch, i.bfloat16, checked.hash);
  } catch (const FileFault& e) {
    return fmt::format("fault {} | {} | {}", e.cause(), e.expected(), e.detail());
  } catch (const SystemError& e) {
    return fmt::format("system {} | {} | {}", e.cause(), e.advice(), e.number());
  }
}

TEST(ReaderProcess, AnswersAsReadingInThisProcessDoes) {
  DirectReader direct(FeatureDisk::real());
  ReaderProcess reader([] { return forked_reader(); }, [](const std::string&) {});
  for (const auto& entry : fs::recursive_directory_iterator(MTLGRID_FEATURE_FIXTURES)) {
    if (entry.path().extension() != ".h5" && entry.path().extension() != ".pt") continue;
    for (const bool values : {false, true}) {
      EXPECT_EQ(read_by(reader, entry.path(), values), read_by(direct, entry.path(), values)) << entry.path();
    }
  }
  EXPECT_THAT(read_by(reader, fs::path("no\xff.h5"), true), HasSubstr("fault no such file"));
}

// Every byte of the head of what HDF5 calls the global heap, where texts of variable length are: some damage makes it
// crash, or never return.
TEST(ReaderProcess, EveryDamageOfATextIsAnAnswer) {
  const TempFolder folder;
  write_features(folder / "whole.h5", std::vector<std::uint16_t>(16, 0x3c00), 8, StampLayout::v2, "ctranspath");
  const std::string whole = read_text(folder / "whole.h5");
  const std::size_t heap = whole.find("GCOL");
  ASSERT_NE(heap, whole.npos);
  ReaderProcess reader([] { return forked_reader(); }, [](const std::string&) {});
  {
    std::string longer = whole;  // one bit: a text of 522 bytes in place of 10; HDF5 1.10.8 never returns
    longer[heap + 25] = static_cast<char>(longer[heap + 25] ^ 2);
    write_text(folder / "damaged.h5", longer);
    EXPECT_THAT(read_by(reader, folder / "damaged.h5", true), HasSubstr("fault "));
  }
  std::map<std::string, int> answers;
  for (std::size_t byte = heap; byte < heap + 48; ++byte) {
    std::string damaged = whole;
    damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << byte % 8));
    write_text(folder / "damaged.h5", damaged);
    const std::string answer = read_by(reader, folder / "damaged.h5", true);
    ++answers[answer.substr(0, answer.find(" | "))];
  }
  write_text(folder / "damaged.h5", whole);
  EXPECT_THAT(read_by(reader, folder / "damaged.h5", true), HasSubstr("2 8 ctranspath feats"));
  for (const auto& [answer, count] : answers) EXPECT_THAT(answer, ::testing::Not(HasSubstr("system"))) << count;
}

TEST(ReaderProcess, FilesOfACohortThatKillItAreOneLine) {
  CohortOnDisk c;
  c.clini("PATIENT,label,x\nA,p,1\nB,p,1\nC,n,1\n").slides("PATIENT,FILENAME\nA,a\nB,b\nC,c\n");
  for (const char* name : {"a.h5", "b.h5", "c.h5"}) c.file(name);
  const auto serve = serving([](const std::string& name, int, int out) {
    if (name != "b.h5") die_of(SIGSEGV);
    do_answer(out);
  });
  ReaderProcess reader([&] { return forked_reader(serve); }, [](const std::string&) {});
  FingerprintMemory memory;
  Problems problems;
  load_cohort(c.files(), memory, problems, {}, reader, FeatureDisk::real());
  EXPECT_THAT(problems.lines(),
              ElementsAre(AllOf(HasSubstr("reading it kills the HDF5 library (2 times: a.h5: signal 11"),
                                HasSubstr("c.h5: signal 11"))));
}

}  // namespace
}  // namespace mtlgrid::testing
