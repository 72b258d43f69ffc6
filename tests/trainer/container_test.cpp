// Checkpoints and weights on disk: whole or refused, whatever happened to the bytes.
#include "trainer/container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>
#include <fstream>

#include "datasets/errors.h"
#include "tiny_experiment.h"
#include "trainer/checkpoint.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class ContainerTest : public ::testing::Test {
 protected:
  void write(const std::string& kind = "weights") { write_container(file(), kind, {{"x", 1}}, {{"a", a}, {"b", b}}); }
  fs::path file() const { return folder.path() / "container"; }
  std::string bytes() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put(const std::string& content) const {
    std::ofstream out(file(), std::ios::binary | std::ios::trunc);
    out << content;
  }
  // `content` with a checksum that fits, so that what lies behind the checksum is reached.
  static std::string sealed(std::string content) {
    const std::uint64_t sum = XXH3_64bits(content.data(), content.size() - 8);
    std::memcpy(content.data() + content.size() - 8, &sum, 8);
    return content;
  }

  testing::TemporaryFolder folder;
  std::vector<float> a = {1, 2, 3}, b = {-0.5f};
};

TEST_F(ContainerTest, GivesBackWhatWasWritten) {
  write();
  const Container c = read_container(file(), "weights");
  EXPECT_EQ(c.header.at("x"), 1);
  EXPECT_EQ(c.array("a", 3), a);
  EXPECT_EQ(c.array("b", 1), b);
  EXPECT_FALSE(c.has("c"));
  EXPECT_THROW(c.array("c", 1), InputError);
  EXPECT_THROW(c.array("a", 2), InputError);
  EXPECT_FALSE(fs::exists(file().string() + ".tmp"));
}

TEST_F(ContainerTest, TruncatedAnywhereIsRefused) {
  write();
  const std::string whole = bytes();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    put(whole.substr(0, n));
    EXPECT_THROW(read_container(file(), "weights"), InputError) << n << " bytes";
  }
}

TEST_F(ContainerTest, ChangedByteAnywhereIsRefused) {
  write();
  const std::string whole = bytes();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    put(changed);
    EXPECT_THROW(read_container(file(), "weights"), InputError) << "byte " << i;
  }
}

TEST_F(ContainerTest, MalformedHeaderUnderAGoodChecksumIsRefused) {
  write();
  const std::string whole = bytes();
  for (std::size_t i = 8; i + 16 < whole.size() - 16; ++i) {  // header length and header
    for (int value : {0x00, 0x7f, 0xc1, 0xdd, 0xff}) {
      std::string changed = whole;
      changed[i] = static_cast<char>(value);
      put(sealed(changed));
      try {
        read_container(file(), "weights");  // a changed name or number may still be well-formed
      } catch (const InputError&) {
      }
    }
  }
}

TEST_F(ContainerTest, AnotherKindOrNoFileIsRefusedByName) {
  write("checkpoint");
  EXPECT_THAT([&] { read_container(file(), "weights"); }, ThrowsMessage<InputError>(HasSubstr("expected 'weights'")));
  EXPECT_THAT([&] { read_container(folder.path() / "none", "weights"); }, ThrowsMessage<InputError>(HasSubstr("none")));
}

TEST_F(ContainerTest, FailedWriteLeavesTheOldFileAndNothingElse) {
  write();
  fs::create_directory(folder.path() / "blocked.tmp");  // where the temporary file would go
  EXPECT_THROW(write_container(folder.path() / "blocked", "weights", {}, {}), Error);
  EXPECT_FALSE(fs::exists(folder.path() / "blocked"));
  EXPECT_NO_THROW(read_container(file(), "weights"));
}

TEST_F(ContainerTest, FullDiskNeedsAPerson) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  fs::create_symlink("/dev/full", folder.path() / "full.tmp");
  const std::vector<float> much(100000);
  try {
    write_container(folder.path() / "full", "weights", {}, {{"a", much}});
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::needs_person);
    EXPECT_THAT(e.what(), HasSubstr("No space left"));
  }
}

class CheckpointsTest : public ::testing::Test {
 protected:
  TrainingArrays arrays() { return {parameters, first, second, best}; }
  void set(float value) {
    for (auto* v : {&parameters, &first, &second, &best}) v->assign(4, value++);
  }
  static TrainingState at(int epoch, int step, std::int64_t steps) {
    TrainingState s;
    s.epoch = epoch;
    s.step = step;
    s.steps = steps;
    s.stopping = {1, 0.5};
    s.weighting = {{"w", 0.1}};
    return s;
  }
  std::optional<TrainingState> resume(const Checkpoints& c, const std::vector<fs::path>& others = {}) {
    return c.resume(others, arrays(), [&](const std::string& line) { said += line + "\n"; });
  }
  testing::TemporaryFolder folder, other;
  std::vector<float> parameters, first, second, best;
  std::string said;
};

TEST_F(CheckpointsTest, NewestIsKeptAndGivesStateAndArraysBack) {
  const Checkpoints c(folder.path(), "id");
  set(1);
  c.write(at(1, 3, 3), arrays());
  set(10);
  c.write(at(3, 1, 11), arrays());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
  set(0);
  const auto s = resume(c);
  ASSERT_TRUE(s);
  EXPECT_EQ(nlohmann::json(*s), nlohmann::json(at(3, 1, 11)));
  EXPECT_EQ(parameters[0], 10);
  EXPECT_EQ(best[3], 13);
}

TEST_F(CheckpointsTest, BestWeightsAreNotWrittenTwice) {
  const Checkpoints c(folder.path(), "id");
  set(1);
  best = parameters;
  c.write(at(2, 0, 6), arrays());  // right after the best epoch, 1
  const auto small = fs::file_size(folder.path() / "checkpoint-0000000006");
  c.write(at(2, 1, 7), arrays());
  EXPECT_LT(small, fs::file_size(folder.path() / "checkpoint-0000000007"));
  c.write(at(2, 0, 6), arrays());
  set(0);
  ASSERT_TRUE(resume(c));
  EXPECT_EQ(best, parameters);
}

TEST_F(CheckpointsTest, OwnFolderThenOthersInOrder) {
  const Checkpoints c(folder.path(), "id"), earlier(other.path(), "id");
  set(1);
  earlier.write(at(5, 0, 30), arrays());
  EXPECT_EQ(resume(c, {folder.path() / "missing", other.path()})->epoch, 5);
  c.write(at(2, 0, 12), arrays());
  EXPECT_EQ(resume(c, {other.path()})->epoch, 2);
}

TEST_F(CheckpointsTest, ForeignAndTemporaryFilesAreNoCheckpoints) {
  const Checkpoints c(folder.path(), "id");
  set(1);
  Checkpoints(folder.path(), "other").write(at(1, 1, 1), arrays());
  std::ofstream(folder.path() / "checkpoint-0000000099.tmp") << "half";
  EXPECT_FALSE(resume(c));
  EXPECT_THAT(said, HasSubstr("another experiment"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr(".tmp")));
}

TEST_F(CheckpointsTest, RemoveLeavesEverythingElse) {
  const Checkpoints c(folder.path(), "id");
  set(1);
  c.write(at(1, 1, 1), arrays());
  Checkpoints(other.path(), "id").write(at(1, 1, 1), arrays());
  std::ofstream(folder.path() / "weights.mtlgrid") << "w";
  c.remove({other.path()});
  EXPECT_TRUE(fs::exists(folder.path() / "weights.mtlgrid"));
  EXPECT_FALSE(resume(c, {other.path()}));
}

}  // namespace
}  // namespace mtlgrid
