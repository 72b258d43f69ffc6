"""A training step: ours (build/bench/train_step) beside the released code's way in PyTorch, bag size by bag size.

Usage: bench_train_step.py [--tiles 42,1000,4000] [--threads 1] [--device cuda] [--yardstick FILE]
       bench_train_step.py --cost [--figure FILE.svg]
       bench_train_step.py --packs [--tiles 42,1000] [--device cuda]
Prints a Markdown table for each bag size: milliseconds a step, ratio, and how far ours is from what the machine's rates
allow (build/bench/train_step --limit); on the CPU then peak memory. --cost prints ours alone for `naive` from 100 to
20,000 tiles, and draws it (with matplotlib). --packs sets the 17 methods of a group packed beside one by one.
The yardstick is shared/tools/reference_step.py beside the checkout, run by a Python with torch, h5py and scipy (`make
oracle`, or MTLGRID_TORCH_PYTHON); where either is missing ours alone is printed, and that is said. It is timed from
each method's first step on, ours after three. On a GPU the yardstick is the same code with CUDA as torch's default
device, timed to the end of its kernels.
"""
import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OURS = Path(os.environ.get("MTLGRID_BUILD", ROOT / "build")) / "bench" / "train_step"
METHODS = "baseline,naive,graddrop,pcgrad,cagrad,autol,autol+cagrad"
# Arguments: the yardstick's file, methods, TILES:BAGS ...
ON_CUDA = """
import importlib.util, sys, time, torch
torch.set_default_device("cuda")
numpy, clock = torch.Tensor.numpy, time.perf_counter
torch.Tensor.numpy = lambda self: numpy(self.cpu())
time.perf_counter = lambda: (torch.cuda.synchronize(), clock())[1]
spec = importlib.util.spec_from_file_location("yardstick", sys.argv[1])
yardstick = importlib.util.module_from_spec(spec)
spec.loader.exec_module(yardstick)
for size in sys.argv[3:]:
    tiles, bags = map(int, size.split(":"))
    print("# tiles", tiles)
    yardstick.bench([torch.rand(1, tiles, 768) for _ in range(bags)], 1, sys.argv[2].split(","))
"""
COST_TILES = (100, 200, 500, 1000, 2000, 5000, 10000, 20000)


def python_with_torch():
    for python in (os.environ.get("MTLGRID_TORCH_PYTHON"), ROOT / ".deps/oracle/bin/python", sys.executable):
        if not python or not shutil.which(python):
            continue
        if subprocess.run([python, "-c", "import h5py, scipy, torch"], capture_output=True).returncode == 0:
            return python
    return None


def run(command):
    """Lines of a program's output, and its peak memory in MB."""
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    lines = child.stdout.read().splitlines()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{command}: status {status}")
    return lines, usage.ru_maxrss / 1024


def bags_for(tiles):
    return max(2, min(60, 20000 // tiles))


def numbers(lines):
    return {line.split("\t")[0]: [float(x.split()[0]) for x in line.split("\t")[1:]] for line in lines
            if "\t" in line and not line.startswith("#")}


def by_size(lines, sizes):
    """{tiles: its lines}; lines before the first `# tiles` are left out."""
    if len(sizes) == 1 and not any(line.startswith("# tiles") for line in lines):
        return {sizes[0]: lines}
    out, size = {}, None
    for line in lines:
        if line.startswith("# tiles"):
            size = int(line.split()[-1])
        elif size is not None:
            out.setdefault(size, []).append(line)
    return out


def ours(sizes, arguments, methods, *more, bags=bags_for):
    """What the machine can do (a line), {tiles: {method: numbers}}, peak memory."""
    lines, memory = run([OURS, "--tiles", ",".join(map(str, sizes)), "--bags", ",".join(str(bags(n)) for n in sizes),
                         "--threads", arguments.threads, "--methods", methods, "--device", arguments.device, *more])
    return lines[0], {n: numbers(found) for n, found in by_size(lines, sizes).items()}, memory


def yardstick(python, sizes, arguments, methods):
    """{tiles: {method: milliseconds}}, peak memory."""
    once_more = "baseline,cagrad," if "cagrad" in methods else "baseline,"  # for what only first steps do (imports)
    methods = once_more + methods
    if arguments.device == "cpu":
        lines, memory = run([python, arguments.yardstick, "bench", ".", "--tiles", sizes[0], "--bags",
                             max(2, bags_for(sizes[0]) // 2), "--threads", arguments.threads, "--methods", methods])
    else:
        lines, memory = run([python, "-c", ON_CUDA, arguments.yardstick, methods,
                             *(f"{n}:{max(2, bags_for(n) // 2)}" for n in sizes)])
    times = {n: {name: row[0] for name, row in numbers(found).items()} for n, found in by_size(lines, sizes).items()}
    return times, memory


def print_table(tiles, arguments, rates, mine, theirs):
    print(f"\n{tiles:,} tiles, {arguments.device}, {arguments.threads} thread(s) ({rates.lstrip('# ')})\n")
    print("| method | yardstick, ms | ours, ms | ratio | GFLOP | least for arithmetic, ms | for memory, ms "
          "| of the limit |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, (time, flops, arithmetic, traffic, share) in mine.items():
        other = f"{theirs[name]:,.2f} | {time:,.2f} | {theirs[name] / time:.1f}" if theirs else f" | {time:,.2f} | "
        print(f"| {name} | {other} | {flops:,.1f} | {arithmetic:,.2f} | {traffic:,.2f} | {share:.0f} % |", flush=True)


def compare(arguments, python):
    sizes = list(map(int, arguments.tiles.split(",")))
    if arguments.device != "cpu":  # one process each: starting CUDA takes longer than measuring
        rates, mine, _ = ours(sizes, arguments, METHODS, "--limit")
        theirs = yardstick(python, sizes, arguments, METHODS)[0] if python else {}
        for tiles in sizes:
            print_table(tiles, arguments, rates, mine[tiles], theirs.get(tiles))
        return
    for tiles in sizes:
        rates, mine, _ = ours([tiles], arguments, METHODS, "--limit")
        theirs = yardstick(python, [tiles], arguments, METHODS)[0] if python else {}
        print_table(tiles, arguments, rates, mine[tiles], theirs.get(tiles))
        _, _, mine_naive = ours([tiles], arguments, "naive", bags=lambda n: max(2, bags_for(n) // 2))  # the yardstick's
        line = f"Peak memory, naive: {mine_naive:,.0f} MB"
        if python:
            _, naive = yardstick(python, [tiles], arguments, "naive")
            line += f" of the yardstick's {naive:,.0f} ({mine_naive / naive:.2f})"
        print(f"\n{line}.", flush=True)


def cost(arguments):
    print("| tiles | ms | GFLOP/s | peak memory, MB |\n| --- | --- | --- | --- |")
    rows = []
    for tiles in COST_TILES:
        _, found, _ = ours([tiles], arguments, "naive", "--limit")  # measuring the machine's rates takes 512 MB
        _, _, memory = ours([tiles], arguments, "naive", bags=lambda n: 2)
        time, flops = found[tiles]["naive"][:2]
        rows.append((tiles, time, memory))
        print(f"| {tiles:,} | {time:,.1f} | {1000 * flops / time:,.0f} | {memory:,.0f} |", flush=True)
    if arguments.figure:
        draw(rows, arguments.figure)


def draw(rows, file):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "mtlgrid"
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    tiles = [row[0] for row in rows]
    for axis, column, scale, label in ((axes[0], 1, 1e-3, "seconds a step"), (axes[1], 2, 1e-3, "peak memory, GB")):
        values = [row[column] * scale for row in rows]
        axis.loglog(tiles, values, "o-", color="#1f77b4", label="measured")
        axis.set_xlabel("tiles a bag")
        axis.set_ylabel(label)
        axis.grid(True, which="major", alpha=0.3)
    axes[0].loglog(tiles, [rows[0][1] * 1e-3 * n / tiles[0] for n in tiles], "--", color="grey", label="linear")
    axes[0].legend()
    figure.savefig(file, metadata={"Date": None})


def packs(arguments):
    sizes = list(map(int, arguments.tiles.split(",")))
    stacked = ["--stacked"] if arguments.device != "cpu" else []

    def bags(tiles):
        return max(4, bags_for(tiles) // 3)

    _, single, _ = ours(sizes, arguments, "all", bags=bags)
    _, packed, _ = ours(sizes, arguments, "all", "--pack", "17", *stacked, bags=bags)
    print("| tiles | 17 methods one by one, ms a step and cell | packed | ratio |\n| --- | --- | --- | --- |")
    for tiles in sizes:
        alone = sum(row[0] for row in single[tiles].values()) / len(single[tiles])
        together = packed[tiles]["pack of 17"][0]
        print(f"| {tiles:,} | {alone:,.2f} | {together:,.2f} | {alone / together:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", default="42,1000,4000")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--yardstick", type=Path, default=ROOT.parent / "shared/tools/reference_step.py")
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--packs", action="store_true")
    arguments = parser.parse_args()
    if arguments.cost:
        return cost(arguments)
    if arguments.packs:
        return packs(arguments)
    python = python_with_torch() if arguments.yardstick.exists() else None
    if python is None:
        print("no yardstick (its file, or a Python with torch): ours alone")
    compare(arguments, python)


if __name__ == "__main__":
    main()
