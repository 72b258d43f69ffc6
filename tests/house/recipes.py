#!/usr/bin/env python3
"""Checks the recipes of CONTRIBUTING.md ("Adding ..."): each lists the files that a thing of its kind is made of.

A recipe names an example that is there, and the words that find it: `Example: cagrad. Words: kCagrad, cagrad.h`. The
check, in both directions: every listed file exists and has one of the words, and every file of the product, its tests
and its pages that has one is listed. So a recipe that forgets a file, or names one too many, fails. Files of data, and
those of FREE, may mention the example without being part of it. Python's standard library alone.
"""
import pathlib
import re
import sys

import check

PAGE = check.ROOT / "CONTRIBUTING.md"
RECIPE = re.compile(r"^### (Adding [^\n]+)\n(.*?)(?=^##|\Z)", re.M | re.S)
EXAMPLE = re.compile(r"^Example: (.+?)\. Words: (.+)\.$", re.M)
LISTED = re.compile(r"^\d+\. `([^`]+)`", re.M)
FREE = {"CONTRIBUTING.md", "CHANGELOG.md"}


def searched():
    names = [n for n in check.tracked() if n.endswith((".h", ".cpp", ".md", ".py", ".txt"))]
    return {n: (check.ROOT / n).read_text() for n in names if n not in FREE and "/fixtures/" not in n}


def recipe_offences(title, body, texts):
    example, files = EXAMPLE.search(body), LISTED.findall(body)
    if not example or not files:
        return [f"{title}: needs a line 'Example: NAME. Words: W, W.' and a numbered list of `files`"]
    words = [re.compile(r"(?<![\w+])" + re.escape(w.strip(" `")) + r"(?![\w+])") for w in example[2].split(",")]
    having = {n for n, text in texts.items() if any(w.search(text) for w in words)}
    found = [f"{title}: {n} does not exist" for n in files if n not in texts]
    found += [f"{title}: {n} has none of the words of the example {example[1]}" for n in files if n in texts and n not in having]
    found += [f"{title}: {n} has a word of the example {example[1]} and is not listed" for n in sorted(having - set(files))]
    return found


def main():
    texts = searched()
    recipes = RECIPE.findall(PAGE.read_text())
    offences = [o for title, body in recipes for o in recipe_offences(title, body, texts)]
    for offence in offences:
        print(f"CONTRIBUTING.md: {offence}")
    print(f"{len(recipes)} recipes, {len(offences)} offences")
    return 1 if offences or not recipes else 0


if __name__ == "__main__":
    sys.exit(main())
