#include "orchestrator/config/ini.h"

#include <gmock/gmock.h>

#include <random>

#include "orchestrator/config/section_reader.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Ini : public ::testing::Test {
 protected:
  IniFile parse(std::string_view text) { return parse_ini(text, "c.ini", problems_); }
  std::string value(const IniFile& file, const char* section, const char* key) {
    for (const IniEntry& e : file.section(section)->entries) {
      if (e.key == key) return e.value;
    }
    return "(absent)";
  }
  Problems problems_;
};

TEST_F(Ini, EntriesKeepTheirLines) {
  const IniFile file = parse("\n[a]\nx = 1\n\n[b]\n  y=2  \r\n");
  ASSERT_THAT(problems_.lines(), IsEmpty());
  ASSERT_EQ(file.sections.size(), 2U);
  EXPECT_EQ(file.section("a")->line, 2U);
  EXPECT_EQ(file.section("a")->entries[0].line, 3U);
  EXPECT_EQ(file.section("b")->entries[0].key, "y");
  EXPECT_EQ(file.section("b")->entries[0].value, "2");
  EXPECT_EQ(file.section("c"), nullptr);
}

TEST_F(Ini, CommentsBeginAtTheLineOrAfterWhiteSpaceOnly) {
  const IniFile file = parse("# one\n; two\n[a] ; three\nx = a;b # four\ny = c#d\t; five\nz = ; six\n");
  ASSERT_THAT(problems_.lines(), IsEmpty());
  EXPECT_EQ(value(file, "a", "x"), "a;b");
  EXPECT_EQ(value(file, "a", "y"), "c#d");
  EXPECT_EQ(value(file, "a", "z"), "");
}

TEST_F(Ini, QuotesHideCommentsAndAreKept) {
  const IniFile file = parse(
      "[a] ; \"\nv = \"Segments #1 ; x \" # comment\nw = a, \"b #c\" , X: \"d ;e\"\ndoubled = \"a \"\" # b\" ; \"\n");
  ASSERT_THAT(problems_.lines(), IsEmpty());
  EXPECT_EQ(value(file, "a", "v"), "\"Segments #1 ; x \"");
  EXPECT_EQ(value(file, "a", "w"), "a, \"b #c\" , X: \"d ;e\"");
  EXPECT_EQ(value(file, "a", "doubled"), "\"a \"\" # b\"");
}

TEST_F(Ini, AQuoteWithinAWordHidesNothing) {
  const IniFile file = parse("[a \"b]\nx = 5\" # long\ny = a \"b\" # c\n\"z = 1 ; \"\n");
  ASSERT_THAT(problems_.lines(), IsEmpty());
  EXPECT_EQ(value(file, "a \"b", "x"), "5\"");
  EXPECT_EQ(value(file, "a \"b", "y"), "a \"b\"");
  EXPECT_EQ(value(file, "a \"b", "\"z"), "1");
}

TEST_F(Ini, QuotesThatAreNotClosedAreNamedByLine) {
  parse("[a]\nx = \"y # z\ny = a, \"b\nz = c: \"d\"\"\n# \"\n");
  const std::string expected = "; expected a quote at the end of the name or value (one within it is written twice)";
  EXPECT_THAT(problems_.lines(),
              ElementsAre("c.ini, line 2: a quote is opened and not closed in x = \"y # z" + expected,
                          "c.ini, line 3: a quote is opened and not closed in y = a, \"b" + expected,
                          "c.ini, line 4: a quote is opened and not closed in z = c: \"d\"\"" + expected));
}

TEST_F(Ini, AnyTextIsReadOrRefused) {
  const std::string seed = "[cohort.A]\nclini = \"a #b\" ; c\nmissing = '--, \"x, y\"\n[b]\naux = X: \"y: \"\"z\"\n";
  const std::string bytes = "\"\",:;#=[]\n\r \tab\xFF";
  std::mt19937 random(20);
  for (int round = 0; round < 4000; ++round) {
    std::string text = seed;
    for (int i = 0; i < 6; ++i) text[random() % text.size()] = bytes[random() % bytes.size()];
    Problems problems;
    const IniFile file = parse_ini(text, "c.ini", problems);
    for (const IniSection& section : file.sections) {
      SectionReader reader(file, &section, section.name, problems);
      for (const IniEntry& entry : section.entries) {
        reader.text(entry.key);
        for (const std::string& element : reader.list(entry.key)) ASSERT_FALSE(element.empty()) << text;
        for (const auto& [name, rest] : reader.named_list(entry.key)) ASSERT_LE(name.size(), text.size());
      }
    }
  }
}

TEST_F(Ini, AValueMayHaveEqualsSigns) { EXPECT_EQ(value(parse("[a]\nx = p=q\n"), "a", "x"), "p=q"); }

TEST_F(Ini, ByteOrderMarkIsAccepted) { EXPECT_EQ(value(parse("\xEF\xBB\xBF[a]\nx=1"), "a", "x"), "1"); }

TEST_F(Ini, DuplicateSectionsAndKeysNameTheFirst) {
  parse("[a]\nx=1\nx=2\n[a]\ny=1\n");
  EXPECT_THAT(problems_.lines(), ElementsAre("c.ini, line 3: [a] x was already set in line 2",
                                             "c.ini, line 4: section [a] was already defined in line 1"));
}

TEST_F(Ini, MalformedLinesAreAllReported) {
  parse("x = 1\n[a\ny = 1\n[]\n[b]\nword\n= 3\n[c]]\n");
  EXPECT_THAT(problems_.lines(), ElementsAre("c.ini, line 1: 'x' comes before the first section",
                                             "c.ini, line 2: '[a' is not a section heading; expected [NAME]",
                                             "c.ini, line 4: '[]' is not a section heading; expected [NAME]",
                                             "c.ini, line 6: 'word' is neither [SECTION] nor KEY = VALUE",
                                             "c.ini, line 7: '= 3' is neither [SECTION] nor KEY = VALUE",
                                             "c.ini, line 8: '[c]]' is not a section heading; expected [NAME]"));
}

TEST_F(Ini, BytesThatAreNotUtf8AreNamedByLine) {
  parse(std::string_view("[a]\nx = \xFF\ny = \0\n", 16));
  EXPECT_THAT(problems_.lines(), ElementsAre("c.ini, lines 2, 3: not UTF-8 text; save the file as UTF-8"));
}

TEST_F(Ini, Utf16IsNotUtf8) {
  parse(std::string_view("\xFF\xFE[\0a\0]\0", 8));
  EXPECT_THAT(problems_.lines(), ElementsAre("c.ini, line 1: not UTF-8 text; save the file as UTF-8"));
}

TEST_F(Ini, ManyLinesThatAreNotUtf8AreOneProblem) {
  parse("[a]\nb = \xFF\nc = \xFF\nd = \xFF\ne = \xFF\nf = \xFF\n");
  EXPECT_THAT(problems_.lines(),
              ElementsAre("c.ini, lines 2, 3, 4 and 2 more: not UTF-8 text; save the file as UTF-8"));
}

TEST_F(Ini, AbsentFileAndFolderAreProblems) {
  read_ini("/nonexistent/c.ini", problems_);
  read_ini("/", problems_);
  EXPECT_THAT(problems_.lines(), ElementsAre("/nonexistent/c.ini: no such file, expected a configuration file",
                                             "/: is a folder, expected a configuration file"));
}

}  // namespace
}  // namespace mtlgrid
