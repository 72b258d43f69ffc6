// Checkpoints and weights on disk: whole or refused, whatever happened to the bytes.
#include "trainer/formats/container.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/rand.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>
#include <fstream>

#include "base/errors.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "trainer/training/checkpoint.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class ContainerTest : public ::testing::Test {
 protected:
  void write(const std::string& kind = "weights") {
    write_container(file(), kind, {{"x", 1}}, {{"a", std::span(a)}, {"b", std::span(b)}, {"z", std::span(doubles)}});
  }
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
  std::vector<double> doubles = {0.1, -1e300};
};

TEST_F(ContainerTest, GivesBackWhatWasWritten) {
  write();
  const Container c = read_container(file(), "weights");
  EXPECT_EQ(c.header.at("x"), 1);
  std::vector<float> x(3), y(1), two(2);
  std::vector<double> z(2), three(3);
  c.copy("a", std::span(x));
  c.copy("b", std::span(y));
  c.copy("z", std::span(z));
  EXPECT_EQ(x, a);
  EXPECT_EQ(y, b);
  EXPECT_EQ(z, doubles);
  EXPECT_FALSE(c.has("c"));
  EXPECT_THROW(c.copy("c", std::span(y)), InputError);
  EXPECT_THROW(c.copy("a", std::span(two)), InputError);
  EXPECT_THROW(c.copy("a", std::span(three)), InputError);  // of float32
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
    write_container(folder.path() / "full", "weights", {}, {{"a", std::span(much)}});
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::needs_person);
    EXPECT_THAT(e.what(), HasSubstr("No space left"));
  }
}

class CheckpointsTest : public ::testing::Test {
 protected:
  TrainingArrays arrays() { return {of(parameters), of(first), of(second), of(best)}; }
  static at::Tensor of(std::vector<float>& v) { return at::from_blob(v.data(), {4}, at::TensorOptions()); }
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

TEST_F(CheckpointsTest, KeepsFloat64ToTheLastBit) {
  const Checkpoints c(folder.path(), "id");
  const at::Tensor values = at::rand({5}, at::kDouble);
  c.write(at(1, 3, 3), {values, values * 2, values * 3, values * 4});
  TrainingArrays back = {at::empty_like(values), at::empty_like(values), at::empty_like(values),
                         at::empty_like(values)};
  const auto say = [&](const std::string& line) { said += line; };
  ASSERT_TRUE(c.resume({}, back, say)) << said;
  EXPECT_TRUE(back.parameters.equal(values));
  EXPECT_TRUE(back.best.equal(values * 4));
  back.best = at::empty({5});  // a run in float32 does not take it
  back.parameters = back.first_moment = back.second_moment = back.best;
  EXPECT_FALSE(c.resume({}, back, say));
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

}  // namespace
}  // namespace mtlgrid
