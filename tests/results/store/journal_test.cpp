#include "results/store/journal.h"

#include <random>

#include "results/store/store_records.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = JournalEnd::Kind;

class Journals : public StoreTest {
 protected:
  Journals() {
    file = folder / "journal";
    JournalWriter::create(platform, file, 77);
  }
  // Appends records with these texts as payloads.
  void append(const std::vector<std::string>& payloads, std::uint64_t epoch = 1) {
    JournalWriter writer(platform, file, read());
    for (const std::string& text : payloads) {
      writer.add(epoch, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    }
    writer.write(true);
  }
  JournalEnd read() {
    texts.clear();
    return read_journal(file,
                        [this](const JournalRecord& r) { texts.emplace_back(r.payload.begin(), r.payload.end()); });
  }
  void change_byte(std::size_t at) {
    std::string bytes = read_file(file);
    bytes[at] ^= 1;
    write_file(file, bytes);
  }

  std::vector<std::string> texts;
};

TEST_F(Journals, RecordsComeBackInOrder) {
  append({"one", "", std::string(300'000, 'x')});
  append({"four"});
  const JournalEnd end = read();
  EXPECT_THAT(texts, ElementsAre("one", "", std::string(300'000, 'x'), "four"));
  EXPECT_EQ(end.kind, Kind::whole);
  EXPECT_EQ(end.sequence, 4u);
  EXPECT_EQ(end.id, 77u);
  EXPECT_EQ(end.end, fs::file_size(file));
}

TEST_F(Journals, FormatIsAsDocumented) {
  append({"ab"}, 5);
  const std::string bytes = read_file(file);
  ASSERT_EQ(bytes.size(), 24u + 40 + 2);
  EXPECT_EQ(bytes.substr(0, 16), std::string("mtlgridJ\3\0\0\0\0\0\0\0", 16));
  EXPECT_EQ(bytes.substr(24, 24), std::string("JMGC\2\0\0\0\1\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0", 24));
  EXPECT_EQ(bytes.substr(48, 8), bytes.substr(16, 8)) << "the first record follows the journal's id";
  EXPECT_EQ(bytes.substr(64), "ab");
}

TEST_F(Journals, TruncatedTailIsIgnoredAtEveryByte) {
  append({"one", "two"});
  const std::string bytes = read_file(file);
  const std::size_t second = bytes.size() - kRecordHeader - 3;
  for (std::size_t size = second; size < bytes.size(); ++size) {
    write_file(file, bytes.substr(0, size));
    const JournalEnd end = read();
    ASSERT_THAT(texts, ElementsAre("one")) << size;
    ASSERT_EQ(end.end, second) << size;
    ASSERT_EQ(end.kind, size == second ? Kind::whole : Kind::torn) << size;
  }
}

TEST_F(Journals, ChangedByteInTheLastRecordIsATornTail) {
  append({"one", "two"});
  change_byte(fs::file_size(file) - 1);
  EXPECT_EQ(read().kind, Kind::torn);
  EXPECT_THAT(texts, ElementsAre("one"));
}

TEST_F(Journals, ChangedByteAnywhereInAnEarlierRecordIsDamage) {
  append({"one", "two", "three"});
  const std::string bytes = read_file(file);
  for (std::size_t at = kJournalHeader; at < kJournalHeader + kRecordHeader + 3; ++at) {
    write_file(file, bytes);
    change_byte(at);
    const JournalEnd end = read();
    ASSERT_EQ(end.kind, Kind::damaged) << at;
    ASSERT_EQ(end.end, kJournalHeader) << at;
    ASSERT_THAT(texts, IsEmpty()) << at;
  }
}

TEST_F(Journals, LostRecordIsDamage) {
  append({"one"});
  const std::string first = read_file(file);
  append({"two"});
  const std::string second = read_file(file);
  append({"three"});
  write_file(file, first + read_file(file).substr(second.size()));
  EXPECT_EQ(read().kind, Kind::damaged);
  EXPECT_THAT(texts, ElementsAre("one"));
}

TEST_F(Journals, RecordOfARunThatHadLostItsLockIsSkipped) {
  append({"one"}, 1);
  const std::string first = read_file(file);
  append({"late"}, 1);
  const std::string late = read_file(file).substr(first.size());
  write_file(file, first);
  append({"two"}, 2);
  write_file(file, read_file(file) + late);
  append({"three"}, 2);
  const JournalEnd end = read();
  EXPECT_THAT(texts, ElementsAre("one", "two", "three"));
  EXPECT_EQ(end.fenced, 1u);
}

TEST_F(Journals, WriterCutsTheTornTail) {
  append({"one", "two"});
  fs::resize_file(file, fs::file_size(file) - 1);
  append({"again"});
  read();
  EXPECT_THAT(texts, ElementsAre("one", "again"));
}

TEST_F(Journals, DiscardedRecordsLeaveNoGap) {
  JournalWriter writer(platform, file, read());
  const std::uint8_t byte = 'a';
  writer.add(1, {&byte, 1});
  writer.discard();
  EXPECT_EQ(writer.add(1, {&byte, 1}).sequence, 1u);
  writer.write(true);
  EXPECT_EQ(read().sequence, 1u);
}

TEST_F(Journals, OtherFileIsRefused) {
  write_file(file, "PATIENT,isMSIH\np1,MSIH\n");
  EXPECT_THAT(error_of([&] { read(); }).what(), HasSubstr("not an mtlgrid journal"));
}

TEST_F(Journals, NewerVersionIsRefused) {
  std::string bytes = read_file(file);
  bytes[8] = static_cast<char>(kJournalVersion + 1);
  write_file(file, bytes);
  EXPECT_THAT(error_of([&] { read(); }).what(), HasSubstr("journal version"));
}

TEST_F(Journals, ExistingJournalIsNotOverwritten) { EXPECT_THROW(JournalWriter::create(platform, file, 1), Error); }

// Whatever happens to the bytes, reading ends, and what it gives is a beginning of what was written.
TEST_F(Journals, MutatedBytesGiveABeginningOfWhatWasWritten) {
  std::vector<std::string> written;
  for (int i = 0; i < 6; ++i)
    written.push_back(std::string(static_cast<std::size_t>(i) * 17, static_cast<char>('a' + i)));
  append(written);
  const std::string bytes = read_file(file);
  std::mt19937 random(20240607);
  for (int round = 0; round < 4000; ++round) {
    std::string mutated = bytes;
    const int changes = 1 + static_cast<int>(random() % 4);
    for (int i = 0; i < changes; ++i) {
      const std::size_t at = kJournalHeader + random() % (mutated.size() - kJournalHeader);
      switch (random() % 4) {
        case 0:
          mutated[at] = static_cast<char>(random());
          break;
        case 1:
          mutated.erase(at, 1 + random() % 40);
          break;
        case 2:
          mutated.insert(at, bytes.substr(kJournalHeader + random() % 60, random() % 60));
          break;
        default:
          mutated.resize(at);
          break;
      }
      if (mutated.size() <= kJournalHeader) break;
    }
    write_file(file, mutated);
    const JournalEnd end = read();
    ASSERT_LE(texts.size(), written.size()) << round;
    for (std::size_t i = 0; i < texts.size(); ++i) ASSERT_EQ(texts[i], written[i]) << round;
    ASSERT_LE(end.end, mutated.size()) << round;
  }
}

// Bytes with a right checksum may still be no record: decoding says so and does nothing else.
TEST_F(Journals, MutatedPayloadsAreDecodedOrRefused) {
  const std::vector<StoreRecord> records = {ResultCommitted{1, result(cell(0)), false}, GridRegistered{grid(), 5},
                                            FailureCommitted{1, failure(cell(0), 1, Outcome::lost)}};
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 6000; ++round) {
    std::vector<std::uint8_t> bytes = encode(records[static_cast<std::size_t>(round) % records.size()]);
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    if (random() % 3 == 0) bytes.resize(random() % bytes.size());
    try {
      decode(bytes);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace mtlgrid::testing
