#!/usr/bin/env python3
"""Random faults at random times over a grid of short cells, with real processes on this machine.

  tests/end_to_end/chaos.py [--runs N] [--first N] [--seed S]

Each run has a grid of its own, one to four faults, and is launched again until every cell is done. Then every cell must
be there once, bit-equal to an undisturbed run, and no process may be left. In some runs one cell is the culprit: it
alone must have failed, with its cause. Faults and their times follow from the seed; what they hit does not quite, for
times are real. Prints counts of runs, launches, faults by kind, lost and doubled rows, and the most epochs that were
trained again after one launch's faults.
"""
import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from grid import Grid, GridTest
from store_damage import DAMAGES

METHODS = "naive, cagrad, autol+cagrad"
CELLS = 2 * 3 * 3  # pairs x methods x folds
EPOCHS = 8
LEASE_SECONDS = 3  # of Grid's configuration
LAUNCHES = 15      # of one grid, after which it is taken for never ending


class Checks(GridTest):
    def runTest(self):
        pass


class Chaos:
    def __init__(self, folder, number, seed):
        self.random = random.Random(f"{seed}/{number}")
        self.grid = Grid(folder, epochs=EPOCHS, methods=METHODS)
        self.ranks = self.random.choice((2, 3, 4))
        self.culprit = None
        if self.random.random() < 0.25:
            cell = "/".join((self.random.choice(("MSI", "HRD")), "ITH", self.random.choice(METHODS.split(", ")),
                             str(self.random.randrange(3))))
            self.culprit = (cell, self.random.choice(("crash", "fail", "end-rank")))
        self.story, self.repairs, self.launches, self.again = [], [], 0, 0

    # ---- Faults: each says what it hit; None: there was nothing to hit ----

    def kill(self, pids):
        if not pids:
            return None
        pid = self.random.choice(pids)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None
        return str(pid)

    def trainer(self, run):
        return self.kill(self.grid.named("mtlgrid-trainer"))

    def rank(self, run):
        first = self.rank_0_pid()
        return self.kill([pid for pid in self.grid.named("mtlgrid") if pid != first])

    def rank_0(self, run):
        first = self.rank_0_pid()
        return self.kill([first] if first else [])

    def mpirun(self, run):
        return self.kill([run.process.pid])

    def everything(self, run):
        for pid in self.grid.processes():
            self.kill([pid])
        return "all"

    def hang(self, run):
        pids = self.grid.named("mtlgrid")
        if not pids:
            return None
        pid = self.random.choice(pids)
        os.kill(pid, signal.SIGSTOP)
        self.repairs.append((time.monotonic() + self.random.uniform(0.1, 2 * LEASE_SECONDS), pid))
        return str(pid)

    def walltime(self, run):
        run.process.send_signal(signal.SIGUSR1)
        return "job"

    def terminate(self, run):
        run.process.terminate()
        return "job"

    def second_run(self, run):
        second = self.grid.start(trainers=1, arguments=self.arguments())
        # Refused, or, if the first has just ended, it did the rest; unless the culprit took it down too.
        expected = (0, 3, 5, -signal.SIGKILL) if self.culprit and self.culprit[1] == "end-rank" else (0, 3, 5)
        if second.wait() not in expected:
            raise AssertionError(f"a second run gave {second.process.returncode}: {second.output()}")
        return f"status {second.process.returncode}"

    KINDS = (trainer, rank, rank_0, mpirun, everything, hang, walltime, terminate, second_run)

    def damage(self):
        """Of the store between two launches, sometimes."""
        store, journal = self.grid.store, Path(f"{self.grid.store}.journal")
        if self.random.random() > 0.3 or not store.exists() or not journal.exists():
            return
        what = self.random.choice(sorted(DAMAGES))
        DAMAGES[what](store, journal, self.random)
        self.story.append(what)

    # ---- The run ----

    def rank_0_pid(self):
        try:
            return self.grid.rank_pid(0)
        except (AssertionError, OSError):
            return None

    def arguments(self):
        return ("--inject", "{}={}:20".format(*self.culprit)) if self.culprit else ()

    def repair(self, all_of_them=False):
        for due, pid in list(self.repairs):
            if all_of_them or time.monotonic() >= due:
                self.repairs.remove((due, pid))
                if pid in self.grid.processes():
                    os.kill(pid, signal.SIGCONT)

    def launch(self, faults):
        run = self.grid.start(ranks=self.ranks, arguments=self.arguments())
        self.launches += 1
        deadline = time.monotonic() + 240
        strike_at = time.monotonic() + self.random.uniform(0.3, 3)  # an undisturbed run takes 3 to 5 s
        while run.process.poll() is None and self.grid.done_status() is None:
            self.repair()
            if faults and time.monotonic() > strike_at:
                kind = faults.pop()
                hit = kind(self, run)
                if hit:
                    self.story.append(f"{kind.__name__} ({hit})")
                strike_at = time.monotonic() + self.random.uniform(0.1, 3)
            if time.monotonic() > deadline:
                raise AssertionError("a launch does not end")
            time.sleep(0.05)
        self.repair(all_of_them=True)
        # As slurm/full_benchmark.sh does: mpirun sometimes never returns although its ranks have gone.
        patience = time.monotonic() + 20
        while run.process.poll() is None:
            if time.monotonic() > patience:
                run.process.kill()
                self.story.append("mpirun stayed")
            time.sleep(0.05)
        self.grid.wait_for_no_process()
        return self.grid.done_status()

    def run(self):
        faults = [self.random.choice(self.KINDS) for _ in range(self.random.randint(1, 4))]
        status = None
        while status not in (0, 1):
            if self.launches == LAUNCHES:
                raise AssertionError(f"not done after {LAUNCHES} launches, the last with status {status}")
            before = self.trained_again()
            status = self.launch(faults)
            self.again = max(self.again, self.trained_again() - before)
            if status not in (0, 1):
                self.damage()

    def trained_again(self):
        """Epochs that were trained more than once, by the attempts' logs."""
        trained, different = 0, set()
        for log in Path(f"{self.grid.store}.d").glob("grid-*/**/attempt-*/log"):
            for name, epoch in re.findall(r"(?m)^(\S+): epoch (\d+): ", log.read_text(errors="replace")):
                trained += 1
                different.add((name, epoch))
        return trained - len(different)

    def check(self, expected):
        checks = Checks()
        results = self.grid.results()
        wanted = expected
        if self.culprit:
            failed = self.grid.rows("SELECT biomarker || '/' || auxiliary || '/' || method || '/' || fold, state "
                                    "FROM cells WHERE state <> 'done'")
            checks.assertEqual(failed, [(self.culprit[0], "failed")])
            cause = self.grid.rows(f"SELECT cause FROM failures WHERE cell = '{self.culprit[0]}' ORDER BY attempt DESC")[0][0]
            words = {"crash": "SIGSEGV", "fail": "injected: fail", "end-rank": "lost|in a row"}[self.culprit[1]]
            checks.assertRegex(cause, words)
            cell = tuple(self.culprit[0].split("/"))
            wanted = {table: [row for row in rows if tuple(map(str, row[:4])) != cell] for table, rows in expected.items()}
        else:
            checks.assert_complete(self.grid, CELLS)
        checks.assert_same_results(wanted, results)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mtlgrid-chaos-"))
    (folder / "calm").mkdir()
    calm = Grid(folder / "calm", epochs=EPOCHS, methods=METHODS)
    assert calm.run(trainers=2) == 0
    expected = calm.results()
    kinds, bad, launches, again, undisturbed = Counter(), [], 0, 0, 0
    began = time.monotonic()
    for number in range(options.first, options.first + options.runs):
        place = folder / str(number)
        place.mkdir()
        chaos = Chaos(place, number, options.seed)
        started = time.monotonic()
        try:
            chaos.run()
            chaos.check(expected)
            outcome = "passed"
        except Exception:
            outcome = "failed"
            bad.append(number)
            traceback.print_exc()
            for log in sorted(place.glob("run-*.log")):
                print(f"--- {log.name} ---\n{log.read_text(errors='replace')[-3000:]}")
        chaos.grid.end()
        story = chaos.story + ([f"culprit {'='.join(chaos.culprit)}"] if chaos.culprit else [])
        print(f"{outcome} run {number} ({time.monotonic() - started:.0f} s, {chaos.ranks} ranks, {chaos.launches} "
              f"launches): {', '.join(story)}", flush=True)
        kinds.update(what.split(" (")[0].split("=")[0].split(" ", 1)[0] if what.startswith("culprit") else
                     what.split(" (")[0] for what in story)
        launches += chaos.launches
        undisturbed += not story
        again = max(again, chaos.again)
        if outcome == "passed":
            shutil.rmtree(place)
    print(f"{options.runs} runs in {time.monotonic() - began:.0f} s, {undisturbed} of them over before anything struck, "
          f"{launches} launches, {sum(kinds.values())} faults, {len(bad)} runs with lost or doubled rows or other results: {bad or 'none'}")
    print("faults: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    print(f"at most {again} epochs were trained again after the faults of one launch ({CELLS * EPOCHS} in the grid)")
    if not bad:
        shutil.rmtree(folder)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
