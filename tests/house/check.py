#!/usr/bin/env python3
"""Checks the shape of the house: rooms in order, no include circles, sizes, the border of torch, one clock, one way to print.

    tests/house/check.py            # all rules; exit status 1 with a line for each offence
    tests/house/check.py --graph    # prints which room includes which

ROOMS is the order of dependency: a file includes only its own room and rooms before it. Python's standard library alone.
"""
import ast
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = """base
balancers/methods balancers/weightings balancers/aggregations
datasets/pytorch datasets/workbooks datasets/tables datasets/slides datasets/features datasets/bags datasets/splits datasets/cohorts datasets/synthetic
results/records results/metrics results/comparisons results/store results/grids results/tables results/status results/predictions
trainer/contract trainer/formats trainer/process trainer/kernels trainer/network trainer/extractors trainer/nccl trainer/training trainer/extraction trainer/program
cluster
orchestrator/config orchestrator/plan orchestrator/durations orchestrator/scheduler orchestrator/session
orchestrator/rehearsal orchestrator/extraction orchestrator/proposal orchestrator/inspection orchestrator/commands""".split()
WITH_TORCH = {"balancers/aggregations", "trainer/kernels", "trainer/network", "trainer/extractors", "trainer/nccl",
              "trainer/training", "trainer/extraction", "trainer/program"}
PRODUCT = {room.split("/")[0] for room in ROOMS}  # the folders of the program itself
LONGEST_FILE = 400
LONGEST_FUNCTION = 70
GENERATED = {"gpu_kernels_source.h"}
# What reads the machine's clocks, and the one place that may.
CLOCK = re.compile(r"\b(steady_clock|system_clock|high_resolution_clock)::now|\bclock_gettime\(|\bstd::time\(|\bgettimeofday\(")
CLOCK_HOME = "base/clock.cpp"
# Streams that throw, or lose text without a word: a log on a full disk must end nothing, a result there is an error.
PRINT = re.compile(r"\bfmt::print\(|\bstd::(cout|cerr|clog)\b|\b(std::)?(printf|puts)\(")
PRINT_HOME = "base/telling.cpp"


def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.split("\n")
    else:  # an unpacked archive
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if not p.parts[len(ROOT.parts)].startswith((".", "build"))]
    return sorted(n for n in names if n and (ROOT / n).is_file())


def pages():
    """The pages for people: those at the root, and docs/."""
    return [name for name in tracked() if re.fullmatch(r"(docs/)?[^/]+\.md", name)]


def room_of(name):
    folder = str(pathlib.PurePath(name).parent)
    return folder if folder in ROOMS else None


def stem_of(name):
    return str(pathlib.PurePath(name).with_suffix(""))


class Tree:
    def __init__(self):
        self.names = [n for n in tracked() if n.endswith((".h", ".cpp", ".cu", ".py", ".sh"))]
        self.text = {n: (ROOT / n).read_text() for n in self.names}
        self.product = [n for n in self.names if n.split("/")[0] in PRODUCT and n.endswith((".h", ".cpp", ".cu"))]
        self.includes = {n: self.includes_of(n) for n in self.product}
        self.offences = []

    def includes_of(self, name):
        return re.findall(r'^#include "([^"]+)"', self.text[name], re.M)

    def offend(self, place, why):
        self.offences.append(f"{place}: {why}")


def check_rooms(tree):
    for name in tree.product:
        room = room_of(name)
        if room is None:
            tree.offend(name, "in no room; rooms are listed in tests/house/check.py")
            continue
        if name.endswith(".cpp") and not name.endswith("/main.cpp") and stem_of(name) + ".h" not in tree.text:
            tree.offend(name, "no header of the same name")
        for included in tree.includes[name]:
            if included in GENERATED:
                continue
            if included not in tree.text:
                tree.offend(name, f"includes {included}, which does not exist; write FOLDER/FILE.h")
                continue
            other = room_of(included)
            if other is not None and ROOMS.index(other) > ROOMS.index(room):
                tree.offend(name, f"includes upward: {included}")
            if other in WITH_TORCH and room not in WITH_TORCH:
                tree.offend(name, f"includes {included} across the border of torch")
        if room not in WITH_TORCH and re.search(r"^#include <(ATen|c10|torch)/", tree.text[name], re.M):
            tree.offend(name, "includes torch; rooms with torch are listed in tests/house/check.py")


def circles(graph):
    """Strongly connected components of more than one node (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in graph.get(node, ()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            component = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(component) > 1:
                found.append(sorted(component))

    sys.setrecursionlimit(10000)
    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def check_circles(tree):
    graph = collections.defaultdict(set)
    for name in tree.product:
        for included in tree.includes[name]:
            if included in tree.text and stem_of(included) != stem_of(name):
                graph[stem_of(name)].add(stem_of(included))
    for circle in circles(graph):
        tree.offend(circle[0], "include circle: " + ", ".join(circle))


NO_FUNCTION = re.compile(r"(namespace|class|struct|enum|union|extern|if|for|while|switch|do|else|try|case|return|public|private)\b|#|//")


def cpp_functions(text):
    """(line, length, name) of every function, by the layout that clang-format gives: a signature that starts in some
    column, continued further right, and `}` in that column. Functions in a class or a namespace; lambdas too."""
    lines = text.split("\n")
    for start, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if indent not in (0, 2) or "(" not in line or NO_FUNCTION.match(line.lstrip()) or line.endswith((";", "}")):
            continue
        opening = start
        while opening + 1 < len(lines) and not lines[opening].endswith("{"):
            opening += 1
            if not lines[opening].startswith(" " * (indent + 4)) or lines[opening].endswith(";"):
                break
        if not lines[opening].endswith("{") or lines[opening].endswith("= {"):
            continue
        for end in range(opening + 1, len(lines)):
            if lines[end].startswith(" " * indent + "}"):
                yield start + 1, end - start + 1, line.strip()[:60]
                break


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1, node.name


def check_sizes(tree):
    for name in tree.names:
        count = tree.text[name].count("\n")
        if count > LONGEST_FILE:
            tree.offend(name, f"{count} lines; at most {LONGEST_FILE}")
        functions = python_functions if name.endswith(".py") else cpp_functions if name.endswith((".h", ".cpp", ".cu")) else None
        for line, length, what in functions(tree.text[name]) if functions else ():
            if length > LONGEST_FUNCTION:
                tree.offend(f"{name}:{line}", f"{length} lines in one function ({what}); at most {LONGEST_FUNCTION}")


def check_clock(tree):
    for name in tree.product:
        for number, line in enumerate(tree.text[name].split("\n"), 1):
            if CLOCK.search(line) and name != CLOCK_HOME:
                tree.offend(f"{name}:{number}", f"reads a clock itself; ask {CLOCK_HOME}")


def check_printing(tree):
    for name in tree.product:
        for number, line in enumerate(tree.text[name].split("\n"), 1):
            if PRINT.search(line) and name != PRINT_HOME:
                tree.offend(f"{name}:{number}", "prints by itself; use base/telling.h")


def print_graph(tree):
    rooms = collections.defaultdict(set)
    for name in tree.product:
        for included in tree.includes[name]:
            if included in tree.text and room_of(included) not in (None, room_of(name)):
                rooms[room_of(name)].add(room_of(included))
    for room in ROOMS:
        print(f"{room:26} {' '.join(sorted(rooms[room], key=ROOMS.index))}")


def main():
    tree = Tree()
    if "--graph" in sys.argv[1:]:
        print_graph(tree)
        return 0
    for check in (check_rooms, check_circles, check_sizes, check_clock, check_printing):
        check(tree)
    for offence in tree.offences:
        print(offence)
    print(f"{len(tree.product)} files in {len(ROOMS)} rooms, {len(tree.offences)} offences")
    return 1 if tree.offences else 0


if __name__ == "__main__":
    sys.exit(main())
