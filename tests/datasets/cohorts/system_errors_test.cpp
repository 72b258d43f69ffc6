// What the system refuses is not called a damaged file, and is tried again where it may pass.
#include <fcntl.h>
#include <hdf5.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "base/system_error.h"
#include "datasets/bags/bag_file.h"
#include "datasets/bags/patient_bag.h"
#include "datasets/cohorts/load_cohort.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/features.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/hdf5_filters.h"
#include "datasets/synthetic/synth_features.h"
#include "datasets/tables/read_table.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Refuses a file by its name, so often, with this errno; does not wait.
class RefusingDisk : public FeatureDisk {
 public:
  int stat(const fs::path& file, struct stat& status) override {
    const auto refusal = refusals.find(file.filename().string());
    if (refusal == refusals.end() || refusal->second.times-- <= 0) return FeatureDisk::stat(file, status);
    return refusal->second.number;
  }
  void wait(double seconds) override { waited.push_back(seconds); }
  struct Refusal {
    int number, times;
  };
  std::map<std::string, Refusal> refusals;
  std::vector<double> waited;
};

template <typename Action>
std::string system_error_of(Action&& action) {
  try {
    action();
  } catch (const SystemError& e) {
    return e.what();
  }
  return "";
}

// UndefinedBehaviorSanitizer looks at memory through a pipe, and without one takes every object for damaged.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kSanitizerNeedsPipe = true;
#else
constexpr bool kSanitizerNeedsPipe = false;
#endif

// Lets this process open so many more files: a limit is on the numbers of descriptors, of which the lowest are taken.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = lowest_free() + more;
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  static rlim_t open_descriptors() {
    return static_cast<rlim_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator())) - 1;
  }

 private:
  static rlim_t lowest_free() {
    const int free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(free);
    return static_cast<rlim_t>(free);
  }
  rlimit before_{};
};

class SystemErrors : public ::testing::Test {
 protected:
  fs::path file(const std::string& name) {
    const fs::path path = folder / name;
    if (!fs::exists(path)) {
      write_features(path, std::vector<std::uint16_t>{1, 2, 3, 4}, 2, StampLayout::v2, "E");
    }
    return path;
  }
  TempFolder folder;
  RefusingDisk disk;
};

TEST_F(SystemErrors, ThatPassAreTriedAgainAfterPauses) {
  for (const int number : {EIO, ESTALE, EAGAIN, ETIMEDOUT}) {
    disk.refusals["a.h5"] = {number, 2};
    disk.waited.clear();
    EXPECT_EQ(read_bag({file("a.h5")}, disk).values, (std::vector<std::uint16_t>{1, 2, 3, 4})) << number;
    EXPECT_THAT(disk.waited, ElementsAre(kReadPauses[0], kReadPauses[1]));
  }
}

TEST_F(SystemErrors, ThatLastAreNamedForWhatTheyAre) {
  disk.refusals["a.h5"] = {EIO, 99};
  EXPECT_THAT(system_error_of([&] { read_bag({file("a.h5")}, disk); }),
              AllOf(HasSubstr("a.h5: cannot be read: Input/output error"), HasSubstr("dmesg")));
  EXPECT_EQ(disk.waited.size(), kReadPauses.size());
}

TEST_F(SystemErrors, OfPermissionAreNotWaitedFor) {
  disk.refusals["a.h5"] = {EACCES, 99};
  EXPECT_THAT(system_error_of([&] { read_bag({file("a.h5")}, disk); }), HasSubstr("Permission denied"));
  EXPECT_THAT(disk.waited, IsEmpty());
}

TEST_F(SystemErrors, AFileThatWasThereAndIsGoneIsOne) {
  EXPECT_THAT(system_error_of([&] { read_bag({folder / "gone.h5"}); }), HasSubstr("it was there when the data were"));
  EXPECT_THROW(inspect_features(folder / "gone.h5"), FileFault);
}

TEST_F(SystemErrors, ABagOfManyFilesNeedsOneDescriptor) {
  std::vector<fs::path> files;
  for (int i = 0; i < 20; ++i) files.push_back(file(std::to_string(i) + ".h5"));
  read_bag(files);
  std::vector<KnownFeatures> known_files;
  for (const fs::path& each : files) known_files.push_back(known(each));
  const rlim_t before = FewDescriptors::open_descriptors();
  {
    const FewDescriptors few(2);
    EXPECT_EQ(read_bag(files).tiles, 40);
    EXPECT_EQ(read_patient_bag("C", "P", known_files, 2).tiles, 40);
  }
  EXPECT_EQ(FewDescriptors::open_descriptors(), before);
}

TEST_F(SystemErrors, NoMoreDescriptorsAreNotADamagedFile) {
  read_bag({file("a.h5")});
  if (kSanitizerNeedsPipe) GTEST_SKIP() << "the sanitizer needs descriptors of its own";
  const FewDescriptors none(0);
  EXPECT_THAT(system_error_of([&] { read_bag({file("a.h5")}); }),
              AllOf(HasSubstr("a.h5: cannot be read: Too many open files"), HasSubstr("ulimit -n")));
}

TEST_F(SystemErrors, ATableThatCannotBeOpenedIsOne) {
  write_text(folder / "t.csv", "a\n1\n");
  if (kSanitizerNeedsPipe) GTEST_SKIP() << "the sanitizer needs descriptors of its own";
  const FewDescriptors none(0);
  EXPECT_THAT(system_error_of([&] { read_table(folder / "t.csv"); }),
              AllOf(HasSubstr("t.csv: cannot be read: Too many open files"), HasSubstr("ulimit -n")));
}

TEST_F(SystemErrors, ATableThatCannotBeReadIsTriedAgain) {
  CohortOnDisk c;
  c.clini("PATIENT\nA\n").slides("PATIENT,FILENAME\nA,a\n").file("a.h5");
  const fs::path clini = folder / "link.csv";
  fs::create_symlink("/proc/self/mem", clini);  // a regular file of which no byte can be read at 0: EIO
  c.files().clini = clini;
  FingerprintMemory memory;
  Problems problems;
  EXPECT_THAT(system_error_of([&] { load_cohort(c.files(), memory, problems, {}, disk); }),
              AllOf(HasSubstr("link.csv: cannot be read: Input/output error"), HasSubstr("dmesg")));
  EXPECT_THAT(disk.waited, ElementsAre(kReadPauses[0], kReadPauses[1]));
  EXPECT_THAT(problems.lines(), IsEmpty());
  c.slides("PATIENT,x\nA,a,b,c\n");
  load_cohort(c.files(), memory, problems, {}, disk);
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("more cells"), HasSubstr("Input/output error")));
}

TEST_F(SystemErrors, ABagFileLeavesOutWhatTheSystemRefuses) {
  const std::vector<BagSource> sources = {{0, 0, "C", "P", 2, {known(file("a.h5"))}}};
  fs::remove(file("a.h5"));
  std::vector<std::string> said;
  const auto say = [&](const std::string& line) { said.push_back(line); };
  write_bag_file(folder / "bags", sources, BagDisk::real(), say);
  EXPECT_THAT(said, ElementsAre(HasSubstr("it was there when the data were checked")));
  Bag bag;
  EXPECT_FALSE(BagFile(folder / "bags", sources, say).read(0, 0, bag));
}

TEST_F(SystemErrors, WhatIsNoFileIsNotOpened) {
  ASSERT_EQ(::mkfifo((folder / "pipe.h5").c_str(), 0600), 0);
  fs::create_symlink("nothing", folder / "dangling.h5");
  fs::create_symlink("loop.h5", folder / "loop.h5");
  fs::create_directory(folder / "folder.h5");
  EXPECT_THAT(problems_of([&] { inspect_features(folder / "pipe.h5"); }), ElementsAre(HasSubstr("a pipe, a socket")));
  EXPECT_THAT(problems_of([&] { inspect_features(folder / "folder.h5"); }), ElementsAre(HasSubstr("a folder")));
  for (const char* name : {"dangling.h5", "loop.h5"}) {
    EXPECT_THAT(problems_of([&] { inspect_features(folder / name); }), ElementsAre(HasSubstr("a link to no file")));
  }
}

TEST_F(SystemErrors, AFileOfAnotherWriterIsNamed) {
  {
    const hdf5::Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110);
    const hdf5::Handle open(H5Fcreate((folder / "w.h5").c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access.get()), H5Fclose);
    H5Fflush(open.get(), H5F_SCOPE_GLOBAL);
    fs::copy(folder / "w.h5", folder / "copy.h5");  // HDF5 would share an open file within a process
  }
  EXPECT_THAT(system_error_of([&] { inspect_features(folder / "copy.h5"); }),
              HasSubstr("is open for writing in another program, or was not closed"));
  EXPECT_THAT(system_error_of([&] { inspect_features(folder / "copy.h5", disk, true); }), HasSubstr("h5clear"));
  EXPECT_EQ(disk.waited.size(), kReadPauses.size());
}

std::size_t copied(unsigned, std::size_t, const unsigned*, std::size_t bytes, std::size_t*, void**) { return bytes; }

TEST_F(SystemErrors, AMissingFilterIsNamed) {
  constexpr H5Z_filter_t kZstd = 32015;
  const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, kZstd, 1, 1, "z", nullptr, nullptr, copied};
  H5Zregister(&filter);
  {
    const hsize_t shape[2] = {4, 2};
    const std::vector<float> values(8, 1);
    const auto root = hdf5::create_file(folder / "z.h5");
    const hdf5::Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose),
        space(H5Screate_simple(2, shape, nullptr), H5Sclose);
    H5Pset_chunk(properties.get(), 2, shape);
    H5Pset_filter(properties.get(), kZstd, H5Z_FLAG_MANDATORY, 0, nullptr);
    const hdf5::Handle feats(
        H5Dcreate2(root.get(), "feats", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
        H5Dclose);
    H5Dwrite(feats.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  }
  EXPECT_EQ(inspect_features(folder / "z.h5").tiles, 4);
  H5Zunregister(kZstd);
  EXPECT_THAT(system_error_of([&] { inspect_features(folder / "z.h5"); }),
              AllOf(HasSubstr("HDF5 filter 'zstd' (number 32015) is not available here"), HasSubstr("h5repack -f GZIP"),
                    HasSubstr(hdf5::plugin_folders())));
}

class CohortWithRefusals : public ::testing::Test {
 protected:
  CohortWithRefusals() {
    c.clini("PATIENT,label,x\nA,p,1\nB,p,1\nC,n,1\nD,,1\n").slides("PATIENT,FILENAME\nA,a\nB,b\nC,c\nD,d\n");
    for (const char* name : {"a.h5", "b.h5", "c.h5", "d.h5"}) c.file(name);
  }
  Cohort load() { return load_cohort(c.files(), memory, problems, {{"label", {}, "x", true}}, disk); }
  CohortOnDisk c;
  FingerprintMemory memory;
  Problems problems;
  RefusingDisk disk;
};

TEST_F(CohortWithRefusals, AreOneLineAndForAPerson) {
  disk.refusals["a.h5"] = disk.refusals["b.h5"] = {EIO, 99};
  try {
    load();
    FAIL() << "an error was expected";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::needs_person);
    EXPECT_THAT(e.what(), HasSubstr("cannot be read: Input/output error (2 times: a.h5, b.h5); the disk"));
  }
  EXPECT_EQ(disk.waited.size(), kReadPauses.size());  // for the first file alone
}

TEST_F(CohortWithRefusals, AreToldWithTheMistakesOfTheData) {
  disk.refusals["a.h5"] = {EACCES, 99};
  c.file("b.h5", 2, 3, "ctranspath", 0x7c00);
  load();
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("not finite"), HasSubstr("Permission denied (a.h5)")));
}

TEST_F(CohortWithRefusals, OfUnusedPatientsAreWarnings) {
  disk.refusals["d.h5"] = {EACCES, 99};
  EXPECT_THAT(load().warnings,
              ElementsAre(HasSubstr("files of patients whom no pair uses: cannot be read: Permission")));
  EXPECT_THAT(problems.lines(), IsEmpty());
}

// A program that was killed leaves its mark in the file.
TEST_F(CohortWithRefusals, OfAWriterOfUnusedPatientsAreWarnings) {
  {
    const hdf5::Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110);
    const hdf5::Handle open(H5Fcreate(c.feats("w.h5").c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access.get()), H5Fclose);
    H5Fflush(open.get(), H5F_SCOPE_GLOBAL);
    fs::copy(c.feats("w.h5"), c.feats("d.h5"), fs::copy_options::overwrite_existing);
  }
  EXPECT_THAT(load().warnings, ElementsAre(HasSubstr("files of patients whom no pair uses: is open for writing")));
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_EQ(disk.waited.size(), kReadPauses.size());
}

TEST_F(CohortWithRefusals, ThatMayPassDoNotChangeTheCohort) {
  disk.refusals["d.h5"] = {ESTALE, 99};
  EXPECT_THROW(load(), Error);
}

}  // namespace
}  // namespace mtlgrid::testing
