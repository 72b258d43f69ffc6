"""Reading bags: ours (build/bench/reading) beside h5py to a float32 tensor, in one run, files in the page cache.

Prints microseconds a bag and the ratio for each file: type, layout, number of tiles of 768 features. Ours and h5py take
turns file by file, so that other work on the machine meets both. Without h5py and torch (`make oracle`, or
MTLGRID_TORCH_PYTHON) only ours is printed, and that is said.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS_PER_FIGURE = 0.4
OURS = Path(os.environ["MTLGRID_BUILD"]) / "bench" / "reading"


def torch_side(names):
    """Microseconds of h5py for each file named on stdin: run by the Python that has it."""
    import h5py
    import numpy as np
    import torch
    torch.set_num_threads(1)

    def read(name):
        with h5py.File(name, "r") as file:
            return torch.from_numpy(file["feats"][:].astype(np.float32))

    for name in names:
        name, times = name.strip(), []
        read(name)
        start = time.perf_counter()
        while len(times) < 5 or time.perf_counter() - start < SECONDS_PER_FIGURE:
            begin = time.perf_counter()
            read(name)
            times.append(time.perf_counter() - begin)
        print(1e6 * statistics.median(times), flush=True)


def python_with_torch():
    root = Path(__file__).resolve().parents[3]
    for python in (os.environ.get("MTLGRID_TORCH_PYTHON"), root / ".deps/oracle/bin/python", sys.executable):
        if python and subprocess.run([python, "-c", "import h5py, torch"], capture_output=True).returncode == 0:
            return python
    return None


def main():
    python = python_with_torch()
    yardstick = None
    if python is None:
        print("no Python with h5py and torch (make oracle, or MTLGRID_TORCH_PYTHON): ours alone")
    else:
        yardstick = subprocess.Popen([python, "-B", __file__, "--yardstick"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
    print("microseconds a bag\tto float16\tto a tensor\tlimit (plain read)\th5py to a tensor\th5py / ours")
    with tempfile.TemporaryDirectory(prefix="mtlgrid-bench-") as folder:
        for name in subprocess.check_output([OURS, "write", folder], text=True).split():
            line = subprocess.check_output([OURS, "time", name], text=True).strip()
            if yardstick:
                yardstick.stdin.write(name + "\n")
                yardstick.stdin.flush()
                theirs = float(yardstick.stdout.readline())
                line += f"\t{theirs:.0f}\t{theirs / float(line.split()[2]):.1f}"
            print(line, flush=True)
    if yardstick:
        yardstick.stdin.close()
        yardstick.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["--yardstick"]:
        torch_side(sys.stdin)
    else:
        main()
