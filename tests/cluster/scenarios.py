#!/usr/bin/env python3
"""What can happen to a grid on a Slurm cluster, done to slurm/full_benchmark.sh on the cluster fixture (slurm_cluster.py).

  tests/cluster/scenarios.py [NAME...] [--set short|long] [--record FILE] [--list]

Each scenario ends with every cell done once, bit-equal to an undisturbed run, no process left, and only a culprit
failed. Prints what each fault cost, appends it to FILE as JSON lines, and closes with `N passed, N failed, N skipped`.
Exit status: 0, or 1 if any failed or none ran. Where no cluster can be made, all are skipped by name.
"""
import argparse
import shutil
import sys
import tempfile
import time
import traceback

import node_scenarios  # noqa: F401  registers its scenarios, as do the next three; in the order in which they run
import job_scenarios  # noqa: F401
import cell_scenarios  # noqa: F401
import slide_scenarios  # noqa: F401
from slurm_cluster import Cluster, Unavailable, end_on_signals
from slurm_grid import end_to_end, reference_results, write_record
from stage import SCENARIOS, Skipped, Stage

def run_one(name, cluster, expected, record):
    """The scenario's outcome and, unless it passed, why."""
    stage = Stage(cluster, name, expected, record)
    try:
        SCENARIOS[name][0](stage)
        return "passed", ""
    except Skipped as why:
        return "skipped", str(why)
    except Exception:  # whatever it was: the others must run
        logs = "".join(f"\n--- log of job {job.number} ({job.state()}) ---\n{job.log()[-6000:]}" for job in stage.jobs)
        return "failed", traceback.format_exc() + logs
    finally:
        if stage.grid is not None:
            stage.grid.end()


def clean_up(cluster):
    """The cluster as new; if it cannot be repaired, another one."""
    try:
        cluster.repair()
    except AssertionError as error:
        print(f"    the cluster is replaced: {error}", flush=True)
        cluster.down()
        cluster.up()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--set", choices=("short", "long"), default="long", help="short: what CI runs; default: all")
    parser.add_argument("--record", metavar="FILE")
    parser.add_argument("--folder", help="where the cluster lives and what failed is kept; default: one that is removed")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    names = options.names or [name for name, (_, short) in SCENARIOS.items() if short or options.set == "long"]
    if unknown := [name for name in names if name not in SCENARIOS]:
        parser.error(f"no such scenario: {', '.join(unknown)}")
    if options.list:
        for name in names:
            print(name)
        return 0
    end_on_signals()
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)

    def note(name, outcome, seconds, why):
        counts[outcome] += 1
        print(f"{outcome} {name} ({seconds:.0f} s)" + (f": {why}" if why else ""), flush=True)
        write_record(options.record, scenario=name, outcome=outcome, seconds=round(seconds, 1))

    folder = options.folder or tempfile.mkdtemp(prefix="mtlgrid-cluster-", dir="/var/tmp")
    cluster = Cluster(folder, shared=[end_to_end.BUILD])
    try:
        cluster.up()
        expected, _ = reference_results(cluster)
        for name in names:
            began = time.monotonic()
            outcome, why = run_one(name, cluster, expected, options.record)
            note(name, outcome, time.monotonic() - began, why)
            clean_up(cluster)
    except Unavailable as why:
        for name in names:
            note(name, "skipped", 0, str(why))
    finally:
        cluster.down()
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 0 if counts["failed"] == 0 and counts["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
