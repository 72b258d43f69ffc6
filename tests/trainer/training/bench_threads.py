"""The cores of a node: one trainer a core, or one trainer with all of them as threads?

Usage: bench_threads.py [--tiles 42,1000,4000] [--methods naive,cagrad,autol+cagrad] [--cores N]
Prints steps a second of all trainers together, N of one thread each at the same time beside one of N threads.
"""
import argparse
import os
import subprocess
from pathlib import Path

OURS = Path(os.environ.get("MTLGRID_BUILD", Path(__file__).resolve().parents[3] / "build")) / "bench" / "train_step"


def steps_a_second(processes, threads, tiles, method):
    bags = max(4, min(60, 15000 // tiles))
    command = [OURS, "--tiles", tiles, "--bags", bags, "--threads", threads, "--methods", method]
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    running = [subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, env=environment)
               for _ in range(processes)]
    return sum(1000 / float(child.communicate()[0].split("\t")[1]) for child in running)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", default="42,1000,4000")
    parser.add_argument("--methods", default="naive,cagrad,autol+cagrad")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    n = arguments.cores
    print(f"| tiles | method | {n} trainers of 1 thread, steps/s | 1 of {n} threads, steps/s | ratio |")
    print("| --- | --- | --- | --- | --- |")
    for tiles in map(int, arguments.tiles.split(",")):
        for method in arguments.methods.split(","):
            several, one = steps_a_second(n, 1, tiles, method), steps_a_second(1, n, tiles, method)
            print(f"| {tiles:,} | {method} | {several:.2f} | {one:.2f} | {several / one:.2f} |", flush=True)


if __name__ == "__main__":
    main()
