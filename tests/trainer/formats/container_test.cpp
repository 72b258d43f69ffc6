// Containers on disk: whole or refused, whatever happened to the bytes.
#include "trainer/formats/container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "base/errors.h"
#include "base/system_error.h"
#include "tests/trainer/formats/small_weights.h"

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

TEST_F(ContainerTest, OnlyRegularFilesAreRead) {
  const fs::path pipe = folder.path() / "pipe", far = folder.path() / "far";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT([&] { read_container(pipe, "weights"); }, ThrowsMessage<InputError>(HasSubstr("pipe: not a file")));
  EXPECT_THAT([&] { read_container("/dev/zero", "weights"); }, ThrowsMessage<InputError>(HasSubstr("not a file")));
  EXPECT_THROW(read_container(folder.path(), "weights"), InputError);
  std::ofstream(far) << "x";
  fs::resize_file(far, std::uintmax_t{1} << 40);  // sparse
  EXPECT_THAT([&] { read_container(far, "weights"); }, ThrowsMessage<InputError>(HasSubstr("larger than any")));
  fs::resize_file(far, std::uintmax_t{1} << 33);
  EXPECT_THAT([&] { read_container(far, "weights"); }, ThrowsMessage<InputError>(HasSubstr("not a checkpoint")));
}

// A file whose header is `packed`, with a right checksum and no arrays.
std::string file_of(const std::string& packed) {
  const std::uint64_t length = packed.size();
  std::string content = "mtlgrid1" + std::string(8, '\0') + packed + "mtlgDONE" + std::string(8, '\0');
  std::memcpy(content.data() + 8, &length, 8);
  return content;
}

TEST_F(ContainerTest, MemoryGoesToWhatIsInTheFile) {
  const auto refusal = [&](const nlohmann::json& arrays) {
    std::string packed;
    nlohmann::json::to_msgpack({{"kind", "weights"}, {"header", {}}, {"arrays", arrays}}, packed);
    put(sealed(file_of(packed)));
    try {
      read_container(file(), "weights");
    } catch (const InputError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(refusal({{{"name", "a"}, {"size", 1ULL << 60}, {"width", 8}}}), HasSubstr("longer than the file"));
  EXPECT_THAT(refusal({{{"name", "a"}, {"size", 1ULL << 62}, {"width", 4}}}), HasSubstr("longer than the file"));
  EXPECT_THAT(refusal({{{"name", "a"}, {"size", -1}, {"width", 8}}}), HasSubstr("not a number of values"));
  EXPECT_THAT(refusal({{{"name", "a"}, {"size", 0.5}, {"width", 8}}}), HasSubstr("not a number of values"));
  EXPECT_THAT(refusal({{{"name", "a"}, {"size", 0}, {"width", 0}}}), HasSubstr("values of 0 bytes"));
  EXPECT_THAT(refusal("text"), HasSubstr("damaged header"));
}

TEST_F(ContainerTest, ADeeplyNestedHeaderIsRefused) {
  put(sealed(file_of(std::string(4'000'000, '\x91'))));
  EXPECT_THAT([&] { read_container(file(), "weights"); },
              ThrowsMessage<InputError>(HasSubstr("nested deeper than 64")));
}

TEST(WeightsFile, OfAnImpossibleNetworkIsRefused) {
  testing::SmallWeights small;
  for (const auto& [name, value] : std::vector<std::pair<std::string, int>>{
           {"d_model", 1 << 30}, {"ff", 2147483647}, {"encoder_layers", 2147483647}, {"decoder_layers", 1 << 20}}) {
    nlohmann::json model = small.weights.model;
    model[name] = value;
    const nlohmann::json header = {{"cell", small.weights.cell},
                                   {"model", model},
                                   {"width", small.weights.width},
                                   {"label_column", "x"},
                                   {"auxiliary_column", "y"},
                                   {"minimum", 0},
                                   {"range", 1},
                                   {"epoch", 1}};
    write_container(small.file(), "weights", header, {{"parameters", std::span(small.weights.values)}});
    EXPECT_THAT([&] { read_weights_file(small.file()); }, ThrowsMessage<Error>(HasSubstr("are possible"))) << name;
  }
  small.weights.model.d_model = 1 << 12;  // possible, and not what the file has
  write_weights_file(small.file(), small.weights);
  EXPECT_THROW(read_weights_file(small.file()), InputError);
}

TEST_F(ContainerTest, FailedWriteLeavesTheOldFileAndNothingElse) {
  write();
  fs::create_directory(folder.path() / "blocked.tmp");  // where the temporary file would go
  EXPECT_THROW(write_container(folder.path() / "blocked", "weights", {}, {}), Error);
  EXPECT_FALSE(fs::exists(folder.path() / "blocked"));
  EXPECT_NO_THROW(read_container(file(), "weights"));
}

TEST_F(ContainerTest, FullDiskNeedsAPerson) {
  const std::vector<float> much(100000);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit little{1000, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &little);
  try {
    write_container(folder.path() / "full", "weights", {}, {{"a", std::span(much)}});
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::needs_person);
    EXPECT_EQ(dynamic_cast<const SystemError*>(&e), nullptr) << "which a trainer would report and then continue";
    EXPECT_THAT(e.what(), HasSubstr("File too large"));
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST_F(ContainerTest, AFolderThatIsGoneBlamesNoCell) {
  try {
    write_container(folder.path() / "none" / "weights", "weights", {}, {});
    FAIL() << "no error";
  } catch (const SystemError& e) {
    EXPECT_EQ(e.number(), ENOENT);
    EXPECT_THAT(e.what(),
                HasSubstr("none/weights: cannot be created: No such file or directory; its folder was removed"));
  }
}

}  // namespace
}  // namespace mtlgrid
