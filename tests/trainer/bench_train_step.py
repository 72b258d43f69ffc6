"""A training step: ours (build/bench/train_step) beside the released code's way in PyTorch, bag size by bag size.

Usage: bench_train_step.py [--tiles 42,1000,4000] [--threads 1] [--device cuda] [--yardstick FILE] [--cost]
Prints a Markdown table for each bag size: milliseconds a step, ratio, and how far ours is from what the machine's rates
allow (build/bench/train_step --limit); then peak memory. --cost prints ours alone for `naive` from 100 to 20,000 tiles.
The yardstick is shared/tools/reference_step.py beside the checkout, run by a Python with torch, h5py and scipy (`make
oracle`, or MTLGRID_TORCH_PYTHON); where either is missing ours alone is printed, and that is said. On a GPU the
yardstick is the same code with CUDA as torch's default device, timed to the end of its kernels.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = Path(os.environ.get("MTLGRID_BUILD", ROOT / "build")) / "bench" / "train_step"
METHODS = "baseline,naive,graddrop,pcgrad,cagrad,autol,autol+cagrad"
ON_CUDA = """
import runpy, sys, time, torch
torch.set_default_device("cuda")
numpy, clock = torch.Tensor.numpy, time.perf_counter
torch.Tensor.numpy = lambda self: numpy(self.cpu())
time.perf_counter = lambda: (torch.cuda.synchronize(), clock())[1]
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
COST_TILES = (100, 200, 500, 1000, 2000, 5000, 10000, 20000)


def python_with_torch():
    for python in (os.environ.get("MTLGRID_TORCH_PYTHON"), ROOT / ".deps/oracle/bin/python", sys.executable):
        if python and subprocess.run([python, "-c", "import h5py, scipy, torch"], capture_output=True).returncode == 0:
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


def ours(tiles, threads, methods, device):
    lines, memory = run([OURS, "--tiles", tiles, "--bags", bags_for(tiles), "--threads", threads, "--methods", methods,
                         "--device", device, "--limit"])
    rows = {line.split("\t")[0]: [float(x) for x in line.split("\t")[1:]] for line in lines if not line.startswith("#")}
    return lines[0], rows, memory


def yardstick(python, file, tiles, threads, methods, device):
    program = [python, file] if device == "cpu" else [python, "-c", ON_CUDA, file]
    methods = "baseline," + methods  # once more, for what only the first step does
    lines, memory = run([*program, "bench", ".", "--tiles", tiles, "--bags", max(2, bags_for(tiles) // 2),
                         "--threads", threads, "--methods", methods])
    return {line.split("\t")[0]: float(line.split("\t")[1].split()[0]) for line in lines[1:]}, memory


def compare(arguments, python):
    for tiles in map(int, arguments.tiles.split(",")):
        rates, mine, memory = ours(tiles, arguments.threads, METHODS, arguments.device)
        theirs, their_memory = ({}, 0)
        if python:
            theirs, their_memory = yardstick(python, arguments.yardstick, tiles, arguments.threads, METHODS, arguments.device)
        print(f"\n{tiles} tiles, {arguments.device}, {arguments.threads} thread(s) ({rates.lstrip('# ')})\n")
        print("| method | yardstick, ms | ours, ms | ratio | GFLOP | least for arithmetic, ms | for memory, ms | of the limit |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for name, (time, flops, arithmetic, traffic, share) in mine.items():
            other = f"{theirs[name]:,.1f} | {time:,.1f} | {theirs[name] / time:.1f}" if theirs else f" | {time:,.1f} | "
            print(f"| {name} | {other} | {flops:,.1f} | {arithmetic:,.1f} | {traffic:,.1f} | {share:.0f} % |", flush=True)
        _, _, mine_naive = ours(tiles, arguments.threads, "naive", arguments.device)
        line = f"Peak memory, naive: {mine_naive:,.0f} MB"
        if python:
            _, naive = yardstick(python, arguments.yardstick, tiles, arguments.threads, "naive", arguments.device)
            line += f" of the yardstick's {naive:,.0f} ({mine_naive / naive:.2f})"
        print(f"\n{line}.", flush=True)


def cost(threads, device):
    print("| tiles | ms | GFLOP/s | peak memory, MB |\n| --- | --- | --- | --- |")
    for tiles in COST_TILES:
        _, rows, memory = ours(tiles, threads, "naive", device)
        time, flops = rows["naive"][:2]
        print(f"| {tiles:,} | {time:,.1f} | {1000 * flops / time:,.0f} | {memory:,.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", default="42,1000,4000")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--yardstick", type=Path, default=ROOT.parent / "shared/tools/reference_step.py")
    parser.add_argument("--cost", action="store_true")
    arguments = parser.parse_args()
    if arguments.cost:
        return cost(arguments.threads, arguments.device)
    python = python_with_torch() if arguments.yardstick.exists() else None
    if python is None:
        print("no yardstick (its file, or a Python with torch): ours alone")
    compare(arguments, python)


if __name__ == "__main__":
    main()
