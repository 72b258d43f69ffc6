// Each record of a journal knows the one before it.
#include "tests/results/store/old_journal.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = JournalEnd::Kind;

class JournalChain : public StoreTest {
 protected:
  JournalChain() {
    file = folder / "journal";
    JournalWriter::create(platform, file, 77);
  }
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
  // The journal's bytes with these records.
  std::string bytes_of(const std::vector<std::string>& payloads) {
    fs::remove(file);
    JournalWriter::create(platform, file, 77);
    for (const std::string& text : payloads) append({text});
    return read_file(file);
  }

  std::vector<std::string> texts;
};

TEST_F(JournalChain, SameRecordsHaveTheSameChainAndOthersAnother) {
  bytes_of({"one", "two"});
  const JournalEnd first = read();
  bytes_of({"one", "two"});
  EXPECT_EQ(read().chain, first.chain);
  bytes_of({"one", "too"});
  EXPECT_NE(read().chain, first.chain);
  bytes_of({"one", "too", "three"});
  const std::uint64_t other = read().chain;
  bytes_of({"one", "two", "three"});
  EXPECT_NE(read().chain, other) << "the last record is the same, but not what came before";
}

// The bytes of a whole record with a right checksum, number and epoch, but of another history.
TEST_F(JournalChain, RecordOfAnotherHistoryIsDamage) {
  const std::string mine = bytes_of({"one", "two"});
  const std::string other = bytes_of({"one", "too", "three"});
  write_file(file, mine + other.substr(mine.size()));
  EXPECT_EQ(read().kind, Kind::damaged);
  EXPECT_THAT(texts, ElementsAre("one", "two"));
}

TEST_F(JournalChain, FirstRecordFollowsTheJournalsOwnId) {
  std::string bytes = bytes_of({"one"});
  bytes[16] ^= 1;
  write_file(file, bytes);
  EXPECT_EQ(read().kind, Kind::damaged);
  EXPECT_TRUE(texts.empty());
}

TEST_F(JournalChain, JournalOfVersion1IsReadAndContinued) {
  append({"one", "two"});
  make_version_1(file);
  const std::string old = read_file(file);
  EXPECT_EQ(read().version, 1u);
  EXPECT_THAT(texts, ElementsAre("one", "two"));
  append({"three"}, 2);
  const JournalEnd end = read();
  EXPECT_EQ(end.kind, Kind::whole);
  EXPECT_EQ(end.version, kJournalVersion) << "so that a program of version 1 refuses it, and does not cut it off";
  EXPECT_THAT(texts, ElementsAre("one", "two", "three"));
  EXPECT_EQ(read_file(file).substr(kJournalHeader, old.size() - kJournalHeader), old.substr(kJournalHeader));
}

TEST_F(JournalChain, VersionIsRaisedBeforeAnythingIsAppended) {
  append({"one"});
  make_version_1(file);
  const std::string old = read_file(file);
  std::string at_sync;
  platform.while_syncing = [&] {
    if (at_sync.empty()) at_sync = read_file(file);
  };
  append({"two"});
  EXPECT_EQ(at_sync.size(), old.size());
  EXPECT_EQ(at_sync[8], kJournalVersion);
}

TEST_F(JournalChain, VersionThatCannotBeRaisedKeepsTheJournalAsItWas) {
  append({"one"});
  make_version_1(file);
  const std::string old = read_file(file);
  platform.write_error = EIO;
  EXPECT_THAT(error_of([&] { append({"two"}); }).what(), HasSubstr("version cannot be raised"));
  platform.write_error = 0;
  EXPECT_EQ(read_file(file), old);
}

// Otherwise whoever leaves the chain out could put any record at the end.
TEST_F(JournalChain, UnchainedRecordAfterAChainedOneIsDamage) {
  append({"one"});
  write_file(file, read_file(file) + unchained_record(2, 1, "two"));
  EXPECT_EQ(read().kind, Kind::damaged);
  EXPECT_THAT(texts, ElementsAre("one"));
}

TEST_F(JournalChain, LateRecordOfAnEarlierVersionIsSkipped) {
  append({"one"}, 2);
  write_file(file, read_file(file) + unchained_record(2, 1, "late"));
  append({"two"}, 2);
  EXPECT_EQ(read().fenced, 1u);
  EXPECT_THAT(texts, ElementsAre("one", "two"));
}

// A million beginnings of long records: to try each would take hours.
TEST_F(JournalChain, BytesThatLookLikeManyLongRecordsAreSoonCalledDamaged) {
  std::string beginnings;
  for (int i = 0; i < 100'000; ++i) {
    append_number(beginnings, kJournalMagic);
    append_number(beginnings, std::uint32_t{100'000});
  }
  write_file(file, read_file(file) + "x" + beginnings);
  EXPECT_EQ(read().kind, Kind::damaged);
}

TEST_F(JournalChain, FolderAndPipeAreNoJournal) {
  for (const bool pipe : {false, true}) {
    fs::remove(file);
    if (pipe) {
      ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    } else {
      fs::create_directory(file);
    }
    const Error error = error_of([&] { read(); });
    EXPECT_EQ(error.kind(), ErrorKind::needs_person);
    EXPECT_THAT(error.what(), HasSubstr("not a journal"));
  }
}

}  // namespace
}  // namespace mtlgrid::testing
