#!/usr/bin/env python3
"""Runs clang-tidy over every source of the build, those first that changed; exit status 1 if anything is found.

    tests/house/tidy.py CLANG_TIDY BUILD [PATTERN...]     # PATTERN: only sources whose path contains one

A source that was clean is not looked at again until it, a header of ours that it includes, or a .clang-tidy changes: a
stamp in BUILD/tidy remembers it. Python's standard library alone.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import check


# g++ alone compiles these: clang has no __builtin_shuffle.
GCC_ONLY = {"trainer/kernels/products.cpp"}


INCLUDED = re.compile(r'^#include "(.*\.cpp)"', re.MULTILINE)  # what CMake writes into a file that compiles several sources


def compile_commands(build):
    """The build's compile commands, one a source, also where the build compiles several sources as one."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        together = pathlib.Path(entry["file"])
        if together.parent.name != "Unity":
            yield entry
            continue
        for source in INCLUDED.findall(together.read_text()):
            yield entry | {"file": source, "command": entry["command"].replace(str(together), source)}


def sources(commands):
    names = {os.path.relpath(entry["file"], check.ROOT) for entry in commands}
    return sorted(n for n in names if not n.startswith(("..", "build")) and n not in GCC_ONLY)


def with_includes(tree, name):
    """The source and all headers of ours that it includes, directly or not."""
    seen, waiting = set(), [name]
    while waiting:
        at = waiting.pop()
        if at in seen or at not in tree.text:
            continue
        seen.add(at)
        waiting += tree.includes_of(at)
    return sorted(seen)


def fingerprint(tree, name):
    state = hashlib.sha256((check.ROOT / ".clang-tidy").read_bytes())
    if name.startswith("tests/"):
        state.update((check.ROOT / "tests/.clang-tidy").read_bytes())
    for part in with_includes(tree, name):
        state.update(part.encode() + tree.text[part].encode())
    return state.hexdigest()


# The build's options are g++'s: clang has no omp.h, and warns of what it does not know and of g++'s own headers.
FOR_CLANG = ["-fno-openmp", "-Wno-unknown-warning-option", "-Wno-deprecated-declarations"]
PRECOMPILED = re.compile(r" -include \S*/cmake_pch\.hxx")  # clang cannot read it; a source includes what it uses anyway


def database_for_clang(commands, folder):
    entries = [entry | {"command": PRECOMPILED.sub("", entry["command"])} for entry in commands]
    (folder / "compile_commands.json").write_text(json.dumps(entries))


def look(clang_tidy, database, name):
    extra = [f"--extra-arg={option}" for option in FOR_CLANG]
    command = [clang_tidy, "-p", database, "--quiet", *extra, name]
    done = subprocess.run(command, cwd=check.ROOT, capture_output=True, text=True)
    found = [line for line in done.stdout.split("\n") if ": warning: " in line or ": error: " in line]
    return sorted(set(found)) or ([done.stderr.strip()] if done.returncode else [])


def main():
    clang_tidy, build, patterns = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:]
    tree = check.Tree()
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    commands = list(compile_commands(build))
    database_for_clang(commands, stamps)
    waiting = {}
    for name in sources(commands):
        if patterns and not any(p in name for p in patterns):
            continue
        stamp = stamps / name.replace("/", "_")
        now = fingerprint(tree, name)
        if not stamp.exists() or stamp.read_text() != now:
            waiting[name] = (stamp, now)
    found = set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, lines in zip(waiting, pool.map(lambda n: look(clang_tidy, stamps, n), waiting)):
            if not lines:
                stamp, now = waiting[name]
                stamp.write_text(now)
            for line in lines:
                if line not in found:
                    print(line.replace(str(check.ROOT) + "/", ""), flush=True)
                found.add(line)
    print(f"clang-tidy: {len(waiting)} sources looked at, {len(found)} findings (left out: {', '.join(GCC_ONLY)})")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
