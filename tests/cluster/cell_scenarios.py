"""Scenarios of cells and nodes that fail by themselves (mtlgrid run --inject), and of the machine under them."""
import os
import time
from pathlib import Path

from slurm_cluster import until
from slurm_grid import end_to_end
from stage import Skipped, scenario

# ---- Cells and nodes that fail by themselves (mtlgrid run --inject) ----

CULPRIT = "MSI/ITH/cagrad/1"


def inject(stage, faults, failed, extra="", status=1, **site):
    """A run with these faults built in; `failed`: pattern of the culprit's cause, or None if no cell fails."""
    stage.make_grid(extra=extra)
    job = stage.submit(run_args=f"--trainers 1 --inject {faults}", **site)
    job.wait(status)
    stage.check({CULPRIT: failed} if failed else None)
    return job


@scenario(short=True)
def cell_that_always_crashes(stage):
    inject(stage, f"{CULPRIT}=crash", "signal 11|SIGSEGV|Segmentation")


@scenario()
def cell_that_takes_its_rank_down(stage):
    """It may lose two workers; on rank 0's node it takes the coordinator, and the job is requeued."""
    inject(stage, f"{CULPRIT}=end-rank", "lost", extra="retries_lost = 1", requeues=10)


@scenario()
def cell_that_always_fails(stage):
    """With --retry-failed once the cause is fixed."""
    inject(stage, f"{CULPRIT}=fail", "inject")
    stage.submit(run_args="--trainers 1 --retry-failed").wait()
    stage.check()


@scenario()
def cell_without_device_memory(stage):
    inject(stage, f"{CULPRIT}=memory", "memory")


@scenario()
def cell_that_hangs(stage):
    inject(stage, f"{CULPRIT}=hang", "sign of life|stall|hang|silent", extra="stall_minutes = 0.1")


@scenario()
def trainer_that_finds_the_disk_full(stage):
    """A person must act: status 5, and no cell failed. Then the run continues."""
    stage.make_grid()
    stage.submit(run_args=f"--trainers 1 --inject {CULPRIT}=full").wait(5)
    stage.grid.wait_for_nothing_left()
    stage.submit().wait()
    stage.check()


@scenario(short=True)
def node_that_crashes_every_trainer(stage):
    """It is quarantined; its cells go elsewhere."""
    job = inject(stage, "*@n3=crash", None, status=0)
    if "n3 quarantined" not in job.log():
        raise AssertionError(f"no word of a quarantine:\n{job.log()}")


@scenario()
def node_that_fails_every_cell(stage):
    job = inject(stage, "*@n3=fail", None, status=0)
    if "n3 quarantined" not in job.log():
        raise AssertionError(f"no word of a quarantine:\n{job.log()}")


# ---- The machine ----

@scenario()
def out_of_memory(stage):
    """The kernel's own out-of-memory killer, in a memory group around one trainer."""
    group = Path(f"/sys/fs/cgroup/memory/mtlgrid-{os.getpid()}")
    try:
        group.mkdir()
    except OSError as error:
        raise Skipped(f"no memory group can be made: {error}")
    try:
        job = stage.submit_and_wait()
        node = stage.other_node(job)
        until(lambda: stage.grid.pids(node, "mtlgrid-trainer"), "a trainer")

        def starve():
            (group / "memory.limit_in_bytes").write_text("4096")
            (group / "cgroup.procs").write_text(str(stage.one(node, "mtlgrid-trainer")))
        stage.strike("trainer out of memory (kernel)", starve)
        job.wait()
    finally:
        until(lambda: not (group / "cgroup.procs").read_text().strip(), "an empty memory group", 60)
        group.rmdir()
    stage.check()


@scenario()
def clocks_jump(stage):
    """Every node's wall clock is off by hours, and jumps again and again."""
    library = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
    if library is None:
        raise Skipped("libfaketime is not installed")
    stage.make_grid()
    clock = stage.grid.folder / "clock"
    for rank in range(4):
        Path(f"{clock}.{rank}").write_text("+0\n")
    program = stage.grid.folder / "mtlgrid"
    program.write_text(f"""#!/bin/sh
if [ "$1" = run ]; then
  export LD_PRELOAD={library} FAKETIME_TIMESTAMP_FILE={clock}.$OMPI_COMM_WORLD_RANK FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1
fi
exec {end_to_end.MTLGRID} "$@"
""")
    program.chmod(0o755)
    job = stage.submit_and_wait(some=2, binary=program)
    for jump in ("+2h", "-3h", "+400d", "-1d"):
        for rank in range(4):
            Path(f"{clock}.{rank}").write_text(jump + "\n" if rank % 2 == 0 else "+0\n")
        time.sleep(3)
    job.wait()
    stage.check()
