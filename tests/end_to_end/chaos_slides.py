#!/usr/bin/env python3
"""Random kills during extraction: a trainer, a rank, the coordinator or everything, at a random time, again and again.

  tests/end_to_end/chaos_slides.py [--runs N] [--seed S]

Each run extracts the same cohort of fake slides; after every kill it is started once more, until nothing is left to do.
Then every slide must have one result and its files must be those of an undisturbed run, and nothing else may be there.
"""
import argparse
import os
import random
import signal
import sys
import tempfile
import time

from grid import until
from slide_grid import SlideGrid

SLIDES = 8
SLOW = ["--inject", "*=slow:0.03"]
VICTIMS = ("trainer", "rank", "coordinator", "everything")


def strike(grid, victim, draw):
    """Kills a victim of that kind, if there is one."""
    try:
        if victim == "everything":
            grid.end()
        elif victim == "trainer":
            os.kill(draw.choice(grid.named("mtlgrid-trainer")), signal.SIGKILL)
        else:
            os.kill(grid.rank_pid(0 if victim == "coordinator" else 1), signal.SIGKILL)
        return True
    except (AssertionError, IndexError, OSError):
        return False


def in_progress(grid):
    """All ranks are past MPI_Init: trainers of both are there."""
    return len(grid.named("mtlgrid-trainer")) >= 2


def disturbed(folder, draw):
    """A cohort extracted under kills; the grid, and how many of each kind struck."""
    grid = SlideGrid(folder, slides=SLIDES)
    struck = dict.fromkeys(VICTIMS, 0)
    for _ in range(20):
        run = grid.start(ranks=2, arguments=SLOW)
        # A rank that is killed while MPI starts leaves mpirun waiting: the others are in MPI_Init.
        until(lambda: in_progress(grid) or run.process.poll() is not None, "the run to begin")
        time.sleep(draw.uniform(0, 2))
        victim = draw.choice(VICTIMS)
        struck[victim] += strike(grid, victim, draw)
        run.wait()
        grid.wait_for_no_process()
        if grid.done_status() == 0:
            return grid, struck
    status, said = grid.extract(ranks=2)
    if status != 0:
        raise AssertionError(f"the last, undisturbed run ended with {status}: {said}")
    return grid, struck


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mtlgrid-") as folder:
        calm = SlideGrid(f"{folder}/calm", slides=SLIDES)
        assert calm.extract(trainers=2)[0] == 0
        expected, total = calm.files(), dict.fromkeys(VICTIMS, 0)
        for number in range(options.runs):
            draw = random.Random(f"{options.seed}/{number}")
            grid, struck = disturbed(f"{folder}/run-{number}", draw)
            if grid.files() != expected or set(grid.attempts().values()) != {1} or len(grid.attempts()) != SLIDES:
                print(f"run {number} of seed {options.seed}: {struck}: {grid.slides()}, {grid.attempts()}, {grid.files()}")
                return 1
            for victim, times in struck.items():
                total[victim] += times
            print(f"run {number}: {struck}", flush=True)
        print(f"{options.runs} runs of {SLIDES} slides, every slide once and bit-equal; kills: {total}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
