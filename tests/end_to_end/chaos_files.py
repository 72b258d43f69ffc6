#!/usr/bin/env python3
"""Limits, I/O errors, full disks and other people's hands on the files of a run, at random times, on this machine.

  tests/end_to_end/chaos_files.py [--runs N] [--first N] [--seed S] [--jobs J]

Each run has a grid of its own and up to three launches with one or two faults each (tests/end_to_end/file_faults.py);
then it is launched without faults until all cells are done, and what a person is asked to do between two launches is
done. At every moment a cell that counts as done must have the results of an undisturbed run, bit for bit, no cell may be
blamed for a fault, and no program may crash or end with an internal error. In the end every cell must be there once, and
`doctor` must be content. Prints counts of runs, launches, faults by kind, and what was lost, doubled or wrong.
"""
import argparse
import concurrent.futures
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from file_faults import SETTINGS, STRIKES, Files, link_places
from grid import BUILD, Grid, GridTest, Run

METHODS = "baseline, naive"
CELLS = 2 * 2 * 3      # pairs x methods x folds
FAULTY_LAUNCHES = 3
LAUNCHES = 12          # of one grid, after which it is taken for never ending
PATIENCE = 120         # seconds that a launch may take
SLOW = ("--inject", "*=slow:0.005")  # seconds a step, so that faults find the run in its middle
LONGEST_OUTPUT = 120   # lines that a launch may say
EPOCHS = "2\ncheckpoint_minutes = 0.005"
NO_BAG_FILE = "\nbag_cache = off"
BROKEN = re.compile(r"internal error|terminate called|Segmentation|AddressSanitizer|HDF5-DIAG|Assertion|stack smashing")


class Checks(GridTest):
    def runTest(self):
        pass


class FileChaos:
    def __init__(self, folder, number, seed, expected, identity):
        self.random = random.Random(f"{seed}/{number}")
        self.story, self.undone, self.launches, self.statuses = [], [], 0, []
        bags = self.random.random() < 0.7
        self.story += [] if bags else [("no_bag_file", "no bag file")]
        self.grid = Grid(folder, epochs=EPOCHS + ("" if bags else NO_BAG_FILE), patients=24, methods=METHODS)
        self.grid.journal_before = None
        self.files = Files(self.grid, BUILD / "tests/end_to_end/libio_faults.so")
        self.expected, self.identity = expected, identity
        if self.random.random() < 0.3:
            linked = link_places(self.files, self.random)
            self.story += [("links", linked)] if linked else []

    def start(self, faulty):
        popen = {"env": self.grid.environment()}
        if faulty and self.random.random() < 0.6:
            setting = self.random.choice(SETTINGS)
            self.story.append((setting.__name__, setting(self.files, self.random, popen)))
        self.launches += 1
        log = self.grid.folder / f"run-{self.launches}.log"
        with open(log, "w") as output:
            arguments = {"stdout": output, "stderr": output, "stdin": subprocess.DEVNULL, "start_new_session": True, **popen}
            process = subprocess.Popen([self.grid.program, "run", self.grid.config, "--trainers", "2", *SLOW], **arguments)
        return Run(process, log)

    def strike(self):
        fault = self.random.choice(STRIKES)
        try:
            done = fault(self.files, self.random)
        except OSError:
            done = None  # what it was to hit went away meanwhile
        if done is None:
            return
        what, undo = done
        self.story.append((fault.__name__, what))
        if undo and self.random.random() < 0.3:
            self.undone.append((time.monotonic() + self.random.uniform(0.2, 3), undo))
        elif undo:
            self.undone.append((float("inf"), undo))

    def take_back(self, everything=False):
        for due, undo in list(self.undone):
            if everything or time.monotonic() >= due:
                self.undone.remove((due, undo))
                undo()

    def launch(self, faulty):
        before = self.done_cells()
        run = self.start(faulty)
        strikes = self.random.choice((0, 1, 1, 2)) if faulty else 0
        began = time.monotonic()
        strike_at = began + self.random.uniform(0.05, 4)
        while run.process.poll() is None:
            now = time.monotonic()
            if strikes and now > strike_at:
                strikes -= 1
                self.strike()
                strike_at = now + self.random.uniform(0.05, 2)
            self.take_back()
            if now - began > PATIENCE:
                raise AssertionError("a launch does not end")
            time.sleep(0.02)
        status = run.process.returncode
        self.statuses.append(status)
        self.grid.wait_for_no_process()
        output = run.output()
        if BROKEN.search(output) or status not in (0, 2, 3, 5, -24, -9):
            raise AssertionError(f"status {status}: {output[-2000:]}")
        if status in (-24, -9) and "RLIMIT_CPU" not in dict(self.story):
            raise AssertionError(f"killed by signal {-status}")
        if len(output.splitlines()) > LONGEST_OUTPUT:
            raise AssertionError(f"{len(output.splitlines())} lines of output")
        self.take_back(everything=True)
        self.check_what_is_there(before, status, output)
        return status, output

    def done_cells(self):
        """How many cells readers call done; None: they refuse the store or there is none."""
        done = self.grid.call("query", self.files.store, "--format", "csv",
                              f"SELECT count(*) FROM cells JOIN grids USING (grid_id) WHERE state = 'done' AND identity = '{self.identity}'",
                              check=False)
        return int(done.stdout.split()[-1]) if done.returncode == 0 else None

    def check_what_is_there(self, before, status, output):
        """Nothing wrong in silence: what readers show is right, and nothing has gone without a word."""
        after = self.done_cells()
        if status == 0 and after != CELLS and "of another grid" not in output and "other features" not in output:
            grids = self.grid.rows("SELECT count(*) FROM grids")[0][0] if after is not None else 0
            if grids < 2:
                raise AssertionError(f"status 0, but {after} cells are done")
        if status == 0:
            self.ask_doctor()
        if after is None:
            return
        if before is not None and after < before and not re.search("journal|rebuilt|damaged", output):
            raise AssertionError(f"{before - after} results are gone, and nothing was said")
        if self.grid.rows(f"SELECT count(*) FROM cells JOIN grids USING (grid_id) WHERE state = 'failed' AND identity = '{self.identity}'") != [(0,)]:
            raise AssertionError(f"a cell was blamed: {self.grid.rows('SELECT cell, cause FROM failures')}")
        self.compare(whole=False)

    def compare(self, whole):
        results = self.grid.results(self.identity)
        for table, rows in results.items():
            known = set(self.expected[table])
            wrong = [row for row in rows if row not in known]
            if wrong or len(set(rows)) != len(rows):
                raise AssertionError(f"{len(wrong)} rows of {table} are wrong, {len(rows) - len(set(rows))} double: {wrong[:2]}")
            if whole and len(rows) != len(known):
                raise AssertionError(f"{len(known) - len(rows)} rows of {table} are lost")

    def person(self, output):
        """What the messages ask a person to do."""
        if not re.search(r"journal", output):
            return
        doctor = self.grid.call("doctor", self.files.store, check=False)
        if not re.search(r"(?i)journal|WRONG", doctor.stdout + doctor.stderr) or doctor.returncode == 0:
            return
        if self.grid.journal_before is not None:
            self.story.append(("a_person_restored_the_journal", "a person restored the journal"))
            self.files.beside(".journal").unlink(missing_ok=True)
            self.files.beside(".journal").write_bytes(self.grid.journal_before)
            for suffix in ("", ".sum", ".done"):
                if self.files.beside(suffix).exists():
                    os.replace(self.files.beside(suffix), self.files.beside(f"{suffix}.away-{self.launches}"))
            self.grid.journal_before = None

    def run(self):
        faulty = self.random.randint(1, FAULTY_LAUNCHES)
        while True:
            if self.launches == LAUNCHES:
                raise AssertionError(f"not done after {LAUNCHES} launches, with status {self.statuses}")
            status, output = self.launch(faulty=self.launches < faulty)
            if status == 0 and self.launches >= faulty and self.done_cells() == CELLS:
                break
            if status not in (0, 3):
                self.person(output)
        self.compare(whole=True)

    def ask_doctor(self):
        """After a run that ended well database and journal agree; weights may have been taken away."""
        doctor = self.grid.call("doctor", self.files.store, check=False).stdout
        if any("WRONG" in line and "weights" not in line for line in doctor.splitlines()):
            raise AssertionError(f"doctor: {doctor}")


def one_run(folder, number, seed, expected, identity):
    """(number, whether it passed, story, launches, seconds, why not)"""
    place = Path(folder) / str(number)
    place.mkdir()
    began = time.monotonic()
    chaos, why = None, ""
    try:
        chaos = FileChaos(place, number, seed, expected, identity)
        chaos.run()
    except Exception:
        why = traceback.format_exc(limit=2)
        for log in sorted(place.glob("run-*.log")):
            why += f"--- {log.name} ---\n{log.read_text(errors='replace')[-1500:]}\n"
    if chaos:
        chaos.grid.end()
    if not why:
        shutil.rmtree(place, ignore_errors=True)
    story = chaos.story if chaos else []
    return number, not why, story, chaos.statuses if chaos else [], time.monotonic() - began, why


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mtlgrid-chaos-"))
    (folder / "calm").mkdir()
    calm = Grid(folder / "calm", epochs=EPOCHS, patients=24, methods=METHODS)
    assert calm.run(trainers=2) == 0
    expected, ((identity,),) = calm.results(), calm.rows("SELECT identity FROM grids")
    kinds, bad, launches, began = Counter(), [], 0, time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        runs = [pool.submit(one_run, str(folder), number, options.seed, expected, identity)
                for number in range(options.first, options.first + options.runs)]
        for run in concurrent.futures.as_completed(runs):
            number, passed, story, statuses, seconds, why = run.result()
            print(f"{'passed' if passed else 'FAILED'} run {number} ({seconds:.0f} s, status {' '.join(map(str, statuses))}): "
                  f"{', '.join(what for _, what in story) or 'no fault'}", flush=True)
            if why:
                print(why, flush=True)
                bad.append(number)
            kinds.update(kind for kind, _ in story)
            launches += len(statuses)
    print(f"{options.runs} runs in {time.monotonic() - began:.0f} s, {launches} launches, {sum(kinds.values())} faults, "
          f"{len(bad)} runs with something lost, doubled, or wrong in silence: {sorted(bad) or 'none'}")
    print("faults: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    if not bad:
        shutil.rmtree(folder)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
