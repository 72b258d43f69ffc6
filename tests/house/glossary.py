#!/usr/bin/env python3
"""glossary.py: the words of docs/glossary.md are used, and those that it abolishes are not. Exit 1 on an offence.

Read from the page itself, so that page and check cannot drift:
  - tables with the columns term, meaning, where, not: no term twice, and the files in `where` exist;
  - the table "Words we do not use": its phrases do not occur in README.md, CHANGELOG.md, CONTRIBUTING.md and docs/*.md
    (code spans and blocks apart), nor in string literals and comments of the product folders' *.cpp, *.h and *.cu, nor
    in scripts, examples and the build's files. The texts of the table "Formats that keep an old word" are let through
    in the file that the table names.
Offences are printed as FILE:LINE.
"""
import re
import sys

import check

ROOT = check.ROOT
GLOSSARY = ROOT / "docs" / "glossary.md"
SCRIPTS = ["slurm/*.sh", "cmake/*.sh", "cmake/*.cmake", "examples/**/*.sh", "examples/**/*.py", "examples/*.ini",
           "Makefile", "CMakeLists.txt"]
FINE_AFTER_NO = r"(?!longer\b|more\b|less\b|later\b|earlier\b|other\b)"

TOKEN = re.compile(
    r'R"(?P<raw_delimiter>[^(\s]*)\((?P<raw>.*?)\)(?P=raw_delimiter)"'
    r'|"(?P<string>(?:\\.|[^"\\\n])*)"'
    r"|'(?:\\.|[^'\\\n])+'"
    r"|//(?P<line_comment>[^\n]*)"
    r"|/\*(?P<comment>.*?)\*/",
    re.DOTALL)


def tables(text):
    """Rows of every table of a page: (heading above it, column names, cells, line number)."""
    heading, columns = "", None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            columns = None
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if columns is None:
            columns = cells
        elif not set(line) <= set("|- "):
            yield heading, columns, cells, number


def pattern(phrase):
    """A phrase of the table as a regular expression: words apart by white space, `...` for any word."""
    words = [re.escape(word) for word in phrase.replace(" ...", "").split()]
    expression = r"\b" + r"\s+".join(words) + r"\b"
    if phrase.endswith(" no ..."):
        expression = r"(?<!there )(?<!there\n)" + expression + r"\s+" + FINE_AFTER_NO + r"\w+"
    return re.compile(expression, re.IGNORECASE)


def read_glossary():
    """The patterns of words that are not used, problems of the page's own tables, and (file, text) of formats kept."""
    patterns, problems, seen, kept = [], [], {}, []
    for heading, columns, cells, number in tables(GLOSSARY.read_text()):
        place = f"{GLOSSARY.relative_to(ROOT)}:{number}"
        if heading == "Words we do not use":
            patterns += [(phrase, pattern(phrase)) for phrase in re.findall(r"`([^`]+)`", cells[0])]
        elif heading == "Formats that keep an old word":
            kept.append((cells[1].strip("`"), cells[0].strip("`")))
        elif columns[:1] == ["term"]:
            if cells[0] in seen:
                problems.append(f"{place}: '{cells[0]}' is defined in line {seen[cells[0]]} too")
            seen[cells[0]] = number
            problems += [f"{place}: {name}: there is no such file" for name in re.findall(r"`([^`]+)`", cells[2])
                         if not (ROOT / name).exists()]
    if not patterns or not seen:
        problems.append(f"{GLOSSARY.relative_to(ROOT)}:1: its tables were not found")
    return patterns, problems, kept


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def prose(text):
    """A page without fenced and indented blocks, code spans and link targets; lines stay where they are."""
    text = re.sub(r"^```.*?^```", blank, text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^    .*$", blank, text, flags=re.MULTILINE)
    text = re.sub(r"`[^`\n]*`", blank, text)
    return re.sub(r"\]\([^)]*\)", blank, text)


def offences(file, text, start, patterns):
    """Offences in `text`, which begins at the line `start` of the file."""
    for phrase, expression in patterns:
        for match in expression.finditer(text):
            line = start + text.count("\n", 0, match.start())
            yield line, f"{file.relative_to(ROOT)}:{line}: '{' '.join(match[0].split())}' ({phrase})"


def offences_of_page(file, patterns):
    text = prose(file.read_text())
    if file == GLOSSARY:
        text = text[:text.index("## Words we do not use")]
        text = re.sub(r"\|[^|\n]*\|$", "", text, flags=re.MULTILINE)  # the column `not` names such words
    return [said for _, said in sorted(offences(file, text, 1, patterns))]


def offences_of_code(file, patterns, kept):
    """(kind, offence) of string literals and comments; neighbouring literals and comment lines are read as one text."""
    text = file.read_text()
    for name, old in kept:
        if ROOT / name == file:
            text = text.replace(old, "")
    pieces = []  # kind, start line, text
    for match in TOKEN.finditer(text):
        kind = "string" if match["string"] is not None or match["raw"] is not None else "comment"
        body = next((match[g] for g in ("string", "raw", "line_comment", "comment") if match[g] is not None), None)
        line_begin = text.rfind("\n", 0, match.start()) + 1
        if body is None or text[line_begin:match.start()].lstrip().startswith("#include"):
            continue
        line = text.count("\n", 0, match.start()) + 1
        if pieces and pieces[-1][0] == kind and line == pieces[-1][1] + pieces[-1][2].count("\n") + 1:
            pieces[-1][2] += "\n" + body
        else:
            pieces.append([kind, line, body])
    for kind, line, body in pieces:
        for _, said in sorted(offences(file, body, line, patterns)):
            yield kind, said


def main():
    patterns, problems, kept = read_glossary()
    for page in check.pages():
        problems += offences_of_page(ROOT / page, patterns)
    in_code = {"string": [], "comment": []}
    for name in check.Tree().product:
        for kind, said in offences_of_code(ROOT / name, patterns, kept):
            in_code[kind].append(said)
    for file in (file for glob in SCRIPTS for file in sorted(ROOT.glob(glob))):
        in_code["string"] += [said for _, said in sorted(offences(file, file.read_text(), 1, patterns))]
    for said in problems + in_code["string"] + in_code["comment"]:
        print(said)
    print(f"{len(problems)} in pages, {len(in_code['string'])} in strings, {len(in_code['comment'])} in comments",
          file=sys.stderr)
    return 1 if problems or any(in_code.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
