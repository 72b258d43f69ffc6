#!/usr/bin/env python3
"""links.py: every file, folder, link and anchor that the pages name exists. Prints FILE:LINE of each that does not; exit 1.

Checked in README.md, CHANGELOG.md, CONTRIBUTING.md and docs/*.md:
  - relative links: the target exists, and its anchor is a heading of the target;
  - paths below a folder of this repository, wherever they stand: `results/store/journal.h`, slurm/site.sh;
  - bare names of sources (`journal.h`): pages give the path from the root;
  - programs of tests, build/test_results_store: a CMakeLists.txt makes one of that name;
  - a path followed by names in parentheses, `datasets/splits/folds.cpp` (`stratified_split`): the file contains each name.
Checked of the way there: README.md links docs/architecture.md, whose tables have a row with a file for each subject that
a newcomer asks for (ROWS), so that each is two hops away.
Checked in sources: every docs/*.md that a comment or a message refers to.
"""
import functools
import re
import sys

import check

ROOT = check.ROOT
FOLDERS = sorted({name.split("/")[0] for name in check.tracked() if "/" in name})
SUFFIXES = r"(?:cpp|h|cu|py|sh|md|ini|env|svg|json|txt)"

ROWS = ["CAGrad's equation", "80-20 split", "early stopping", "Table 2's mean", "a new method", "a new metric",
        "a lost rank", "the bytes of the journal"]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(rf"(?<![\w./$-])((?:{'|'.join(map(re.escape, FOLDERS))})/[\w./+-]*\.{SUFFIXES})(?![\w/])")
FOLDER = re.compile(rf"`((?:{'|'.join(map(re.escape, FOLDERS))})(?:/[\w-]+)*)/?`")
BARE = re.compile(r"`([\w-]+\.(?:h|cpp|cu))`")
MEMBERS = re.compile(r"`([\w./-]+)` \(((?:`[^`]+`(?:, | and )?)+)\)")
PROGRAM = re.compile(r"\bbuild/test_(\w+)")
PAGE_NAME = re.compile(r"(?<![\w/])docs/[\w-]+\.md")


def anchors(page):
    """The anchors of a Markdown page, as GitHub makes them from its headings."""
    found, seen, fenced = set(), {}, False
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            fenced = not fenced
        heading = re.match(r"#+ (.*)", line)
        if fenced or not heading:
            continue
        slug = re.sub(r"[^\w\- ]", "", heading[1].strip().lower()).replace(" ", "-")
        found.add(slug if slug not in seen else f"{slug}-{seen[slug]}")
        seen[slug] = seen.get(slug, 0) + 1
    return found


@functools.cache
def test_programs():
    makers = (ROOT / "tests").rglob("CMakeLists.txt")
    return {name for maker in makers for name in re.findall(r"mtlgrid_test\((\w+)", maker.read_text())}


def link_problem(page, target):
    """Why the link `target` of `page` leads nowhere; None if it leads somewhere."""
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    if not file.exists():
        return f"link to {target}: there is no such file"
    if anchor and file.suffix == ".md" and anchor not in anchors(file):
        return f"link to {target}: {file.relative_to(ROOT)} has no such heading"
    return None


def line_problems(page, line):
    for target in LINK.findall(line):
        problem = link_problem(page, target)
        if problem:
            yield problem
    text = LINK.sub(lambda m: m[0].replace(m[1], ""), line)  # targets are relative to the page: checked above
    for path in PATH.findall(text):
        if not (ROOT / path).exists():
            yield f"{path}: there is no such file"
    for folder in FOLDER.findall(text):
        if not (ROOT / folder).is_dir() and not (ROOT / folder).exists():
            yield f"{folder}: there is no such folder"
    for name in BARE.findall(text):
        yield f"{name}: give the path from the root"
    for program in PROGRAM.findall(text):
        if program not in test_programs():
            yield f"build/test_{program}: there is no such test program"
    for path, names in MEMBERS.findall(text):
        file = ROOT / path
        if not file.is_file():
            continue
        content = file.read_text()
        for name in re.findall(r"`([^`]+)`", names):
            if "/" not in name and name not in content:
                yield f"{path} does not contain {name}"


def problems_of_page(page):
    for number, line in enumerate(page.read_text().splitlines(), 1):
        for problem in line_problems(page, line):
            yield f"{page.relative_to(ROOT)}:{number}: {problem}"


def problems_of_hops():
    if "(docs/architecture.md" not in (ROOT / "README.md").read_text():
        yield "README.md:1: does not link docs/architecture.md"
    rows = [line for line in (ROOT / "docs/architecture.md").read_text().splitlines() if line.startswith("|")]
    for subject in ROWS:
        if not any(subject in row.split("|")[1] and PATH.search(row) for row in rows):
            yield f"docs/architecture.md:1: has no row with a file for {subject}"


def problems_of_sources():
    for file in check.tracked():
        if not file.endswith((".cpp", ".h", ".cu", ".py", ".sh", ".ini", ".txt")):
            continue
        for number, line in enumerate((ROOT / file).read_text(errors="replace").splitlines(), 1):
            for name in PAGE_NAME.findall(line):
                if not (ROOT / name).exists():
                    yield f"{file}:{number}: {name}: there is no such page"


def main():
    problems = [problem for page in check.pages() for problem in problems_of_page(ROOT / page)]
    problems += [*problems_of_hops(), *problems_of_sources()]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
