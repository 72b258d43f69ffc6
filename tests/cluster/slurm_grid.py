"""A small grid that is run by slurm/full_benchmark.sh on the cluster fixture: submitting it, striking it, and what must
hold afterwards."""
import json
import re
import shutil
import sqlite3
import sys
import time
from pathlib import Path

from slurm_cluster import CHECKOUT, until

sys.path.insert(0, str(CHECKOUT / "tests" / "end_to_end"))
import grid as end_to_end  # noqa: E402

SCRIPT = CHECKOUT / "slurm" / "full_benchmark.sh"
PATIENCE = 180  # seconds after which something that must happen is taken for never happening
HEARTBEAT_SECONDS = 0.5
LEASE_SECONDS = 6
CHECKPOINT_SECONDS = 3  # at most, between two checkpoints of a cell
METHODS = "naive, cagrad, autol+cagrad"
CELLS = 2 * 3 * 3  # pairs x methods x folds
EPOCHS = 30  # so that a cell takes seconds
# Outcomes of attempts that lost work; `stopped` ones left a checkpoint.
LOST = ("crashed", "lost", "interrupted", "failed")
SITE = {
    "MTLGRID_NODES": "4", "MTLGRID_TASKS_PER_NODE": "1", "MTLGRID_WALLTIME": "10", "MTLGRID_SIGNAL_SECONDS": "60",
    "MTLGRID_SBATCH_ARGS": "--exclusive", "MTLGRID_RUN_ARGS": "--trainers 1",
    "MTLGRID_MPIRUN_ARGS": "--allow-run-as-root --oversubscribe --mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0",
    "MTLGRID_POLL_SECONDS": "0.2", "MTLGRID_GRACE_SECONDS": "3", "MTLGRID_KILL_SECONDS": "5",
    "MTLGRID_GUARD_SECONDS": "2", "MTLGRID_LOCK_SECONDS": "4",
}

QUERY = """
import json, sqlite3, sys
with sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=30) as db:
    print(json.dumps(db.execute(sys.argv[2]).fetchall()))
"""


class Checks(end_to_end.GridTest):
    """The assertions of the end-to-end tests."""

    def runTest(self):
        pass


class Job:
    """A submitted job of a grid."""

    def __init__(self, cluster, number, log):
        self.cluster, self.number, self.log_file = cluster, number, log
        self.submitted = time.time()

    def facts(self):
        """What scontrol says of the job, by name; empty while slurmctld does not answer."""
        done = self.cluster.ctl.run("scontrol", "--oneliner", "show", "job", self.number, check=False)
        return dict(word.split("=", 1) for word in done.stdout.split() if "=" in word)

    def state(self):
        return self.facts().get("JobState", "")

    def restarts(self):
        return int(self.facts().get("Restarts", 0))

    def status(self):
        """Exit status of the script."""
        return int(self.facts()["ExitCode"].split(":")[0])

    def ended(self):
        return self.state() in ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "DEADLINE", "OUT_OF_MEMORY")

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def await_log(self, text, count=1, seconds=PATIENCE):
        """Waits until the log has `text` `count` times; returns the time at which that was seen."""
        until(lambda: self.log().count(text) >= count, f"'{text}' in {self.log_file}", seconds)
        return time.time()

    def await_state(self, *states, seconds=PATIENCE):
        until(lambda: self.state() in states, f"job {self.number} in {states}", seconds, 0.1)
        return time.time()

    def await_restart(self, number, seconds=PATIENCE):
        """Waits until the job has been requeued `number` times, in all."""
        until(lambda: self.restarts() >= number, f"requeue {number} of job {self.number}", seconds, 0.1)
        return time.time()

    def hold_after_requeue(self, number):
        """Waits for requeue `number` and until nothing of the launch before it lives; the job then stays in the queue
        until release(). False: it had been started again already, or ended instead."""
        until(lambda: self.restarts() >= number and self.state() != "COMPLETING" or self.ended(),
              f"requeue {number} of job {self.number}", PATIENCE, 0.1)
        self.cluster.ctl.run("scontrol", "hold", self.number, check=False)
        until(lambda: not self.cluster.busy() or self.state() == "RUNNING", "the end of the job's processes")
        if self.state() != "PENDING":
            self.release()
            return False
        return True

    def release(self):
        self.cluster.ctl.run("scontrol", "release", self.number, check=False)

    def wait(self, status=0, seconds=PATIENCE):
        """Waits for the end of the job and of everything it started; its status must be this one."""
        until(self.ended, f"the end of job {self.number}", seconds, 0.2)
        found = self.status()
        if found != status:
            raise AssertionError(f"job {self.number} ended with {found} ({self.state()}), not {status}:\n{self.log()[-3000:]}")
        return self

    def signal(self, name):
        """To the batch script alone, as Slurm sends --signal=B:NAME@t."""
        self.cluster.ctl.run("scancel", "--batch", f"--signal={name}", self.number)

    def cancel(self):
        self.cluster.ctl.run("scancel", self.number)

    def first_node(self):
        """Where the script, mpirun and rank 0 run."""
        return self.cluster.node(until(lambda: re.match(r"n\d+", self.facts().get("BatchHost", "")), "a batch host").group(0))


class Fault:
    """Something bad that was done to a run: when, and what was being trained."""

    def __init__(self, kind, running):
        self.kind, self.running, self.at = kind, running, time.time()
        self.noticed = None  # when, if the store does not tell


class SlurmGrid(end_to_end.Grid):
    """A grid in a folder that all nodes see. `disk`: the store lies on the cluster's small disk."""

    def __init__(self, cluster, name, disk=False, epochs=EPOCHS, methods=METHODS, extra=""):
        self.cluster = cluster
        folder = cluster.folder / "runs" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        super().__init__(folder, epochs=epochs, methods=methods,
                         cluster=f"heartbeat_seconds = {HEARTBEAT_SECONDS}\nlease_minutes = {LEASE_SECONDS / 60}\n{extra}")
        text = self.config.read_text()
        self.on_disk = None  # the store as the nodes name it, if it is on the small disk
        if disk:
            cluster.ctl.run("mkdir", "-p", cluster.disk / name)
            text = re.sub(r"(?m)^store = .*$", f"store = {cluster.disk / name}/grid.db", text)
            self.on_disk = cluster.disk / name / "grid.db"
            self.store = cluster.seen_from_here(cluster.disk / name) / "grid.db"
        text = re.sub(r"(?m)^bag_cache_folder = .*$", "bag_cache_folder = /tmp", text)  # every node has its own
        # Every cell trains for all its epochs: a length that does not depend on luck.
        self.config.write_text(re.sub(r"(?m)^epochs = .*$", rf"\g<0>\npatience = {epochs}\n"
                                      f"checkpoint_minutes = {CHECKPOINT_SECONDS / 60}", text))

    def submit(self, binary=None, **site):
        """Submits slurm/full_benchmark.sh; values of slurm/site.sh by their lower-case names, e.g. nodes=2."""
        settings = dict(SITE, MTLGRID_BINARY=str(binary or end_to_end.MTLGRID), MTLGRID_TEST_MARK=self.mark,
                        OMPI_MCA_orte_abort_on_non_zero_status="0")
        settings.update({f"MTLGRID_{name.upper()}": str(value) for name, value in site.items()})
        words = [f"{name}={value}" for name, value in settings.items()]
        done = self.cluster.ctl.run("env", f"--chdir={self.folder}", *words, SCRIPT, self.config)
        number = re.search(r"Submitted batch job (\d+)", done.stdout).group(1)
        return Job(self.cluster, number, self.folder / f"mtlgrid-{number}.log")

    def rows(self, sql):
        if not self.on_disk:
            return super().rows(sql)
        # SQLite resolves the link into the machine's root by itself, and wrongly: so it has to run in there.
        done = self.cluster.ctl.run(sys.executable, "-c", QUERY, self.on_disk, sql, check=False)
        if done.returncode != 0:
            raise sqlite3.OperationalError(done.stderr)
        return [tuple(row) for row in json.loads(done.stdout)]

    def running(self):
        """{(cell, attempt): when what it would be resumed from was saved} of the attempts under way, s since 1970."""
        found = {}
        for cell, attempt, name, started in self.rows(
                "SELECT cell_id, attempt, biomarker || '/' || auxiliary || '/' || method || '/' || fold, started "
                "FROM attempts JOIN cells USING (cell_id) WHERE outcome = 'running'"):
            saved = [started]
            for file in Path(f"{self.store}.d").glob(f"*/{name}/attempt-*/checkpoint-*"):
                try:
                    if not file.suffix:
                        saved.append(file.stat().st_mtime)
                except OSError:
                    pass  # replaced by a newer one just now
            # Of an earlier attempt: the training since `started` is lost, not the time before.
            found[cell, attempt] = max(saved)
        return found

    def strike(self, kind, action):
        fault = Fault(kind, self.running())
        action()
        return fault

    def account(self, fault):
        """What a fault cost: seconds until it was noticed, of training to be done again (the worst cell), and until one
        of the cells that it hit was being trained again. None: nothing was lost, or nothing had to be noticed."""
        rows = {(cell, attempt): (outcome, started, ended) for cell, attempt, outcome, started, ended in
                self.rows("SELECT cell_id, attempt, outcome, started, ended FROM attempts")}
        hit = {key: saved for key, saved in fault.running.items() if rows[key][0] in LOST + ("stopped",)}
        again = [rows[cell, attempt][1] for cell, attempt in rows
                 if (cell, attempt - 1) in hit]
        noticed = fault.noticed or min((rows[key][2] for key in hit if rows[key][2]), default=None)
        return {"fault": fault.kind, "cells_hit": len(hit), "cells_running": len(fault.running),
                "outcomes": sorted({rows[key][0] for key in hit}),
                "detection_seconds": noticed and round(noticed - fault.at, 2),
                "lost_seconds": round(max((fault.at - saved for key, saved in hit.items() if rows[key][0] in LOST),
                                          default=0), 2),
                "recovery_seconds": round(min(again) - fault.at, 2) if again else None}

    def pids(self, machine, name):
        """This grid's processes of that program on a machine, as seen from here."""
        return [pid for pid in machine.named(name) if pid in self.processes()]

    def wait_for_nothing_left(self, seconds=30):
        until(lambda: not self.processes(), f"the end of all processes of the grid, left: {self.processes()}", seconds)
        until(lambda: not self.cluster.busy(), f"the end of all jobs' processes: {self.cluster.busy()}", seconds)

    def check(self, expected, failed=None, cells=CELLS):
        """Every cell but those in `failed` (name: pattern of its cause) is done once, with the bits of an undisturbed
        run; those failed with their cause; no process is left."""
        failed = failed or {}
        self.wait_for_nothing_left()
        checks = Checks()
        states = dict(self.rows("SELECT state, count(*) FROM cells GROUP BY state"))
        checks.assertEqual(states, {"done": cells - len(failed)} | ({"failed": len(failed)} if failed else {}))
        checks.assertEqual(self.rows("SELECT count(*) FROM (SELECT 1 FROM cells GROUP BY biomarker, auxiliary, method, fold)"),
                           [(cells,)])
        checks.assertEqual(self.rows("SELECT count(*) FROM attempts WHERE outcome = 'running'"), [(0,)])
        for table, key in (("metrics", "cohort, metric"), ("predictions", "cohort, patient"), ("epochs", "epoch"),
                           ("embeddings", "cohort, patient")):
            checks.assertEqual(self.rows(f"SELECT cell_id, attempt, {key}, count(*) FROM {table} "
                                         f"GROUP BY cell_id, attempt, {key} HAVING count(*) > 1"), [], table)
        culprits = {name: cause for name, cause in self.rows(
            "SELECT biomarker || '/' || auxiliary || '/' || method || '/' || fold, cause FROM cells JOIN attempts "
            "USING (cell_id) WHERE state = 'failed' AND attempt = (SELECT max(attempt) FROM attempts AS a "
            "WHERE a.cell_id = cells.cell_id)")}
        checks.assertEqual(sorted(culprits), sorted(failed))
        for name, pattern in failed.items():
            checks.assertRegex(culprits[name], pattern)
        wanted = {table: [row for row in rows if "/".join(map(str, row[:4])) not in failed]
                  for table, rows in expected.items()}
        checks.assert_same_results(wanted, self.results())


def reference_results(cluster, **settings):
    """Results of an undisturbed run with two local trainers, without any cluster."""
    grid = SlurmGrid(cluster, "reference", **settings)
    began = time.time()
    if grid.run(trainers=2) != 0:
        raise AssertionError(Path(grid.folder / "run-1.log").read_text())
    return grid.results(), time.time() - began


def write_record(file, **fields):
    """Appends one JSON line."""
    if file:
        with open(file, "a") as out:
            out.write(json.dumps(fields) + "\n")

