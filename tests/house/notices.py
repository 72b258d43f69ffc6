#!/usr/bin/env python3
"""notices.py: NOTICE names every library of docs/dependencies.md, LICENSE and CITATION.cff say the same. Prints what does not; exit 1."""
import re
import sys

import check


def libraries():
    """The libraries of the table in docs/dependencies.md, without their versions: 'SQLite 3.40' is SQLite."""
    rows = re.findall(r"(?m)^\| ([^|]+) \|", (check.ROOT / "docs/dependencies.md").read_text())
    return [re.sub(r" \(.*\)", "", re.sub(r" [\d.]+", "", row)) for row in rows if row not in ("library", "---")]


def problems():
    notice = (check.ROOT / "NOTICE").read_text()
    named = re.findall(r"(?m)^  (\S.*?)  +\S", notice)
    names = {name for row in named for name in row.split(", ")}
    for library in libraries():
        if library not in names:
            yield f"NOTICE: {library}, a library of docs/dependencies.md, is missing"
    if "MIT License" not in (check.ROOT / "LICENSE").read_text():
        yield "LICENSE: not the MIT licence, which NOTICE and CITATION.cff name"
    citation = (check.ROOT / "CITATION.cff").read_text()
    for key in ("cff-version: 1.2.0", "message:", "title: mtlgrid", "authors:", "license: MIT", "preferred-citation:"):
        if not re.search(rf"(?m)^{re.escape(key)}", citation):
            yield f"CITATION.cff: no line begins with '{key}'"
    title = "Joint multi-task learning improves weakly-supervised biomarker prediction in computational pathology"
    for page, text in (("CITATION.cff", citation), ("README.md", " ".join((check.ROOT / "README.md").read_text().split()))):
        if title.lower() not in text.lower().replace("*", ""):
            yield f"{page}: the paper's title is missing"


if __name__ == "__main__":
    found = list(problems())
    print("\n".join(found))
    sys.exit(bool(found))
