"""Scenarios of what Slurm does to jobs, and of the storage they write to."""
import random
import re
import time
from pathlib import Path

from slurm_cluster import until
from slurm_grid import CELLS
from stage import scenario
from store_damage import DAMAGES

# ---- What Slurm does to jobs ----

@scenario(short=True)
def walltime_again_and_again(stage):
    job = stage.submit_and_wait(some=2)
    for number in range(1, 4):
        fault = stage.strike("walltime signal (USR1)", lambda: job.signal("USR1"))
        fault.noticed = job.await_restart(number)
        done = stage.grid.count_done()
        until(lambda: job.ended() or stage.grid.count_done() >= min(CELLS, done + 2) and stage.grid.running(),
              "progress after the requeue", 120)
    job.wait()
    stage.check()


@scenario()
def walltime_of_three_minutes(stage):
    """Slurm's own clock, and `--ends`: nothing is started in the last two minutes, and all is checkpointed in the last."""
    job = stage.submit(walltime=3, requeues=20, run_args="--trainers 1 --inject *=slow:0.05")
    job.wait(seconds=1200)
    if job.restarts() == 0:
        raise AssertionError("the grid was done before the first walltime")
    print(f"    {job.restarts()} requeues, the first after: "
          f"{'the grid saw the end' if 'the allocation ends in' in job.log() else 'the signal'}", flush=True)
    stage.check()


@scenario(short=True)
def cancelled_and_submitted_again(stage):
    job = stage.submit_and_wait()
    stage.strike("scancel", job.cancel)
    job.await_state("CANCELLED")
    stage.grid.wait_for_nothing_left()
    stage.submit().wait()
    stage.check()


def preempt(stage, job):
    fault = stage.strike("preemption", lambda: stage.cluster.ctl.run(
        "sbatch", "--partition=high", "--exclusive", "--nodes=4", "--time=1", "--output=/dev/null", "--wrap=sleep 2"))
    fault.noticed = job.await_restart(1)
    job.wait()
    stage.check()


@scenario(short=True)
def preempted(stage):
    """Slurm with preempt_send_user_signal: the job has its own signal first."""
    preempt(stage, stage.submit_and_wait())


@scenario()
def preempted_without_its_signal(stage):
    """Slurm's default: TERM to the steps alone, which ends mpirun's daemons and so everything."""
    stage.cluster.configure(user_signal=False)
    try:
        preempt(stage, stage.submit_and_wait())
    finally:
        stage.cluster.configure()


@scenario()
def rehearsed(stage):
    """It kills a trainer and a rank by itself, asks mpirun to stop, and leaves the grid to be run."""
    stage.make_grid()
    job = stage.submit(rehearse=1)
    job.wait()
    for check in ("a trainer killed", "a rank killed", "stop by SIGUSR1", "store after the stop", "store's files", "clock"):
        found = re.search(rf"(?m)^ok +{check}.*$", job.log())
        if not found:
            raise AssertionError(f"not ok: {check}\n{job.log()}")
        print(f"    {re.sub(' +', ' ', found.group())}", flush=True)
    stage.grid.wait_for_nothing_left()
    stage.submit().wait()
    stage.check()


# ---- Storage ----

@scenario()
def disk_full(stage):
    stage.make_grid(disk=True)
    job = stage.submit_and_wait()
    fault = stage.strike("disk full", stage.cluster.fill_disk)
    job.wait(5)
    fault.noticed = time.time()
    if "disk full" not in job.log().lower() and "no space left" not in job.log().lower():
        raise AssertionError(f"the log does not speak of the full disk:\n{job.log()[-3000:]}")
    stage.grid.wait_for_nothing_left()
    stage.cluster.free_disk()
    stage.submit().wait()
    stage.check()


def damage_between_requeues(stage, *damages):
    """`damages`: one before each requeue, names in DAMAGES. The next launch must rebuild the store each time, and report it."""
    job = stage.submit_and_wait(some=2)
    for number, what in enumerate(damages, 1):
        job.signal("USR1")
        if not job.hold_after_requeue(number):
            raise AssertionError(f"the job is {job.state()} before the {what}")
        before = len(job.log())
        DAMAGES[what](stage.grid.store, Path(f"{stage.grid.store}.journal"), random.Random(number))
        job.release()
        job.await_log("to do, 4 ranks", number + 1)
        new = job.log()[before:]
        print(f"    {what}: {new.splitlines()[0].split(': ', 1)[-1]}", flush=True)
        if "rebuilt from the journal" not in new:
            raise AssertionError(f"{what} was not said:\n{new}")
        until(lambda: job.ended() or stage.grid.running(), "cells running")
    job.wait()
    stage.check()


@scenario(short=True)
def store_damaged_between_requeues(stage):
    damage_between_requeues(stage, "store deleted", "store cut off", "journal with a torn tail, and no store")


@scenario()
def store_with_other_bytes(stage):
    damage_between_requeues(stage, "store with other bytes")


@scenario(short=True)
def two_jobs_on_one_store(stage):
    """The second is refused and harms nothing."""
    job = stage.submit_and_wait(nodes=2, running=1)
    second = stage.submit(nodes=2)
    second.wait(5)
    if "another run holds the store" not in second.log():
        raise AssertionError(f"the second job does not say why:\n{second.log()}")
    job.wait()
    stage.check()
