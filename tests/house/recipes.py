#!/usr/bin/env python3
"""Checks the recipes of CONTRIBUTING.md ("Adding ..."): each lists the files that a thing of its kind is made of.

A recipe names an example that is there, and the words that find it: `Example: tables. Words: tables_command, mtlgrid
tables`. The check, in both directions: every listed file exists and has one of the words, and every file of the product
that has the first word is listed. So a recipe that forgets a file of the product, or names one too many, fails. Python's
standard library alone.
"""
import pathlib
import re
import sys

import check

PAGE = check.ROOT / "CONTRIBUTING.md"
RECIPE = re.compile(r"^### (Adding [^\n]+)\n(.*?)(?=^##|\Z)", re.M | re.S)
EXAMPLE = re.compile(r"^Example: (.+)\. Words: (.+)\.$", re.M)
LISTED = re.compile(r"^\d+\. `([^`]+)`", re.M)


def searched():
    names = [n for n in check.tracked() if n.endswith((".h", ".cpp", ".md", ".py", ".txt"))]
    return {n: (check.ROOT / n).read_text() for n in names}


def recipe_offences(title, body, texts):
    example, files = EXAMPLE.search(body), LISTED.findall(body)
    if not example or not files:
        return [f"{title}: needs a line 'Example: NAME. Words: W, W.' and a numbered list of `files`"]
    words = [w.strip(" `") for w in example[2].split(", ")]
    product = {n for n, text in texts.items() if words[0] in text and n.split("/")[0] in check.PRODUCT}
    found = [f"{title}: {n} does not exist" for n in files if n not in texts]
    found += [f"{title}: {n} contains none of: {', '.join(words)}" for n in files
              if n in texts and not any(w in texts[n] for w in words)]
    found += [f"{title}: {n} contains {words[0]} and is not listed" for n in sorted(product - set(files))]
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
