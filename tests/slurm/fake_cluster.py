#!/usr/bin/env python3
"""sbatch, scontrol, squeue, srun, mpirun and mtlgrid for the tests of the batch scripts: which one it is says the name it is called by.

$FAKE_STATE is a folder with scenario.json, in which `launches` says what each launch of the grid does:
  {"status": 0, "done": 3}           writes STORE.done, or STORE.rehearsal.done, and ends; "grid": 2 is written if given
  {"await": "USR1", ...}             first waits for that signal
  {"raw": "text"}                    writes that text to STORE.done
  {"crash": true}                    ends without STORE.done
  {"hang": "TERM" or "KILL"}         mpirun does not return after the grid has; which signal ends it
  {"held": true}                     is refused: another run holds the store and renews STORE.lock for 3 s
  {"signal": "USR1"}                 what sbatch, as Slurm would, sends to the batch script (alone) once the grid runs
`silent` makes squeue answer nothing, and `plan`, `paths`, `cell`, `tables`, `scontrol` are exit statuses of those commands, `squeue` and `end` what squeue
prints of the job's state and end (default: it runs, and without end), `squeue_status` its exit status, `hostnames` what
`scontrol show hostnames` prints, and `paths_text` what `mtlgrid paths` prints instead of paths. Every call is noted in calls.jsonl. Where the
store is, `mtlgrid paths` takes from `store`, or has the program $REAL_MTLGRID say.
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time

STATE = pathlib.Path(os.environ["FAKE_STATE"])
JOB = "4242"
LIMIT = 30  # seconds after which a wait is a failure
RENEW = """
import os, sys, time
for beat in range(30):
    with open(sys.argv[1] + ".new", "w") as lock:
        lock.write('{"epoch":1,"beat":%d,"host":"elsewhere","pid":1}' % beat)
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(0.1)
os.unlink(sys.argv[1])
"""


def scenario():
    return json.loads((STATE / "scenario.json").read_text())


def note(**call):
    with open(STATE / "calls.jsonl", "a") as out:
        out.write(json.dumps(call) + "\n")


def launch_number():
    return sum(1 for line in open(STATE / "calls.jsonl") if json.loads(line)["command"] == "mpirun") - 1


def await_condition(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            note(command="timeout", what=what)
            sys.exit(f"fake: waited {LIMIT} s for {what}")
        time.sleep(0.01)


def batch_options(script, arguments):
    """Options as sbatch takes them, those of the command line before those of the script; unknown ones are errors."""
    parser = argparse.ArgumentParser(prog="sbatch", allow_abbrev=False)
    for name in ("job-name", "output", "open-mode", "signal", "nodes", "ntasks", "ntasks-per-node", "cpus-per-task",
                 "time", "partition", "account", "export", "gres"):
        parser.add_argument("--" + name)
    for name in ("requeue", "no-requeue", "no-kill"):
        parser.add_argument("--" + name, action="store_true")
    lines = []
    for line in pathlib.Path(script).read_text().splitlines():
        if line.startswith("#SBATCH "):
            lines.append(line.removeprefix("#SBATCH ").strip())
        elif line and not line.startswith("#"):
            break  # Slurm reads no further than the first command
    return parser.parse_args(lines + arguments)


def run_batch(script, arguments, options, restart):
    """One run of the batch script out of a spool folder, as slurmd does it; sends the signals of the scenario."""
    spool = STATE / "spool"
    spool.mkdir(exist_ok=True)
    copy = shutil.copy(script, spool / "slurm_script")
    environment = dict(os.environ, SLURM_JOB_ID=JOB, SLURM_SUBMIT_DIR=os.getcwd(), SLURM_RESTART_COUNT=str(restart))
    mode = "ab" if options.open_mode == "append" else "wb"
    with open(STATE / "log", mode) as log:
        process = subprocess.Popen(["bash", copy, *arguments], stdout=log, stderr=log, env=environment)
        while process.poll() is None:
            if (STATE / "running").exists():
                (STATE / "running").unlink()
                name = scenario()["launches"][launch_number()].get("signal")
                if name:
                    process.send_signal(getattr(signal, "SIG" + name))
            time.sleep(0.01)
    return process.returncode


def sbatch(arguments):
    at = next(i for i, a in enumerate(arguments) if not a.startswith("-"))
    script = arguments[at]
    options = batch_options(script, arguments[:at])
    note(command="sbatch", script=script, arguments=arguments[at + 1:], options=vars(options))
    for restart in range(20):
        (STATE / "requeue").unlink(missing_ok=True)
        status = run_batch(script, arguments[at + 1:], options, restart)
        note(command="ended", status=status)
        if not (STATE / "requeue").exists():
            break
    print(f"Submitted batch job {JOB}")
    return 0


def scontrol(arguments):
    if arguments[:2] == ["show", "hostnames"]:
        answer = scenario().get("hostnames", {})
        print(answer.get("text", ""), end="")
        return answer.get("status", 0)
    note(command="scontrol", arguments=arguments)
    status = scenario().get("scontrol", 0)
    if status == 0 and arguments == ["requeue", JOB]:
        (STATE / "requeue").touch()
    return status


def squeue(arguments):
    if scenario().get("silent"):  # its controller does not answer
        time.sleep(2 * LIMIT)
    print(scenario().get("end", "NONE") if "--format=%e" in arguments else scenario().get("squeue", "RUNNING None"))
    return scenario().get("squeue_status", 0)


def srun(arguments):
    note(command="srun", arguments=arguments)
    return 0


def mpirun(arguments):
    """As Open MPI with --enable-recovery: passes USR1 on, returns 0 whatever the program did, may hang."""
    launch = scenario()["launches"][launch_number() + 1]
    program = next(i for i, a in enumerate(arguments) if a.endswith("/mtlgrid"))
    note(command="mpirun", options=arguments[:program], pid=os.getpid())
    # A signal that comes before the program is there waits for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    child = subprocess.Popen(arguments[program:], env=dict(os.environ, FAKE_LAUNCH=json.dumps(launch)),
                             preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1}))
    signal.signal(signal.SIGUSR1, lambda *_: child.send_signal(signal.SIGUSR1))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    while child.poll() is None:
        time.sleep(0.01)
    if "hang" in launch:
        if launch["hang"] == "KILL":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(LIMIT)
        note(command="timeout", what="an end of mpirun")
    return 0


def write_done(launch, arguments):
    store = pathlib.Path(scenario()["store"])
    fields = {"done": launch.get("done", 0), "failed": 0, "pending": 0, "status": launch["status"], "epoch": 1, "time": 1.5}
    if "grid" in launch:
        fields["grid"] = launch["grid"]
    name = store.name + (".rehearsal.done" if "--rehearse" in arguments else ".done")
    temporary = store.with_name(name + ".tmp")
    temporary.write_text(json.dumps(fields, indent=2) + "\n")
    temporary.rename(store.with_name(name))


def print_paths(arguments):
    """As the program: lines for a shell."""
    if "REAL_MTLGRID" in os.environ:
        return subprocess.run([os.environ["REAL_MTLGRID"], *arguments]).returncode
    status = scenario().get("paths", 0)
    if status:
        print("mtlgrid: grid.ini: a problem", file=sys.stderr)
        return status
    if "paths_text" in scenario():
        print(scenario()["paths_text"])
        return 0
    store = scenario()["store"]
    for name, path in {"store": store, "store_done": f"{store}.done", "store_lock": f"{store}.lock",
                       "rehearsal_done": f"{store}.rehearsal.done"}.items():
        print(f"{name}={shlex.quote(path)}")
    return 0


def mtlgrid(arguments):
    if arguments[0] == "paths":
        note(command="paths", arguments=arguments)
        return print_paths(arguments)
    store = pathlib.Path(scenario()["store"])
    stale = store.with_name(store.name + ".done").exists()
    note(command="mtlgrid", arguments=arguments, stale_done=stale)
    if arguments[0] != "run":
        if arguments[0] == "cell" and "await" in scenario():
            await_signal(scenario()["await"])
        return scenario().get(arguments[0], 0)
    launch = json.loads(os.environ["FAKE_LAUNCH"])
    if "await" in launch:
        await_signal(launch["await"])
    if launch.get("held"):
        other = subprocess.Popen([sys.executable, "-c", RENEW, f"{store}.lock"], start_new_session=True)
        note(command="other run", pid=other.pid)
        await_condition(store.with_name(store.name + ".lock").exists, "a lock")
    if "raw" in launch:
        store.with_name(store.name + ".done").write_text(launch["raw"])
    if "status" in launch:
        write_done(launch, arguments)
    return 0 if "status" in launch else 137


def await_signal(name):
    wanted = getattr(signal, "SIG" + name)
    signal.pthread_sigmask(signal.SIG_BLOCK, {wanted})
    (STATE / "running").touch()
    await_condition(lambda: wanted in signal.sigpending(), "SIG" + name)
    note(command="signal", name=name)


if __name__ == "__main__":
    command = {"sbatch": sbatch, "scontrol": scontrol, "squeue": squeue, "srun": srun, "mpirun": mpirun, "mtlgrid": mtlgrid}[pathlib.Path(sys.argv[0]).name]
    sys.exit(command(sys.argv[1:]))
