"""README.md's command blocks, and a folder like a clone in which they can be run as they stand."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from grid import BUILD, PATIENCE

ROOT = Path(__file__).resolve().parents[2]
FAKES = ROOT / "tests/slurm/fake_cluster.py"
STUB = "#!/bin/sh\necho \"$(basename \"$0\") $*\" >> \"$STUB_CALLS\"\n"


def blocks(language):
    """The texts of README's fenced blocks of a language; "" for those without."""
    text = (ROOT / "README.md").read_text()
    return [body for name, body in re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", text) if name == language]


def console(block):
    """[(command, lines shown below it)] of a block in which commands begin with "$ "; a command ends where its quotes do."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found[-1][0].count('"') % 2:
            found[-1][0] += "\n" + line
        else:
            found[-1][1].append(line)
    return found


def words(line):
    """A line without the widths of its columns."""
    return re.sub(r"[-\s]+", " ", line).strip()


def shape(line):
    """A line without its numbers, the widths that follow from them, and the marks of the best and of stars."""
    return words(re.sub(r"\*\*|∗|(?<![\w/])\d[\d.]*", "", line))


def shown_in_order(shown, output, same):
    """The first line of `shown` that `output` does not have after those before it, by `same`; None if it has all."""
    have = iter(output)
    for line in shown:
        if line not in ("", "...") and " %  " not in line:  # how often progress is told depends on the time
            if not any(same(line) == same(other) for other in have):
                return line
    return None


class Clone:
    """A folder as README's reader has it: build, slurm and examples of this repository, and a demo of its own."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("slurm", "examples"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "build").symlink_to(BUILD)
        self.state, self.bin = folder / "state", folder / "bin"
        for made in (self.state, self.bin):
            made.mkdir()
        for name in ("make", "vi"):
            (self.bin / name).write_text(STUB)
            (self.bin / name).chmod(0o755)
        for name in ("sbatch", "scontrol", "squeue", "srun"):
            (self.bin / name).symlink_to(FAKES)
        (self.state / "fake").mkdir()
        for name in ("mpirun", "mtlgrid"):  # of the fake cluster alone
            (self.state / "fake" / name).symlink_to(FAKES)

    def cohorts(self):
        """The configuration of README and the files that it names, out of the demo's."""
        (text,) = blocks("ini")
        (self.folder / "readme.ini").write_text(text)
        # The commands are those of README; a full network is left to its readers.
        text = text.replace("[grid]\n", "[grid]\nmethods = naive, autol+cagrad\nfolds = 4\n")
        text += "\n[model]\nd_model = 8\nheads = 2\nff = 16\n[train]\nepochs = 1\n"
        (self.folder / "grid.ini").write_text(text)
        for name, words in (("TCGA-CRC", {"PATIENT": "case_id", "FILENAME": "slide_file", "LF": "Leukocyte Fraction"}),
                            ("CPTAC-CRC", {"LF": "Leukocyte Fraction"})):
            source, target = self.folder / "demo" / name, self.folder / name.lower()
            target.mkdir()
            (target / "feats").symlink_to(source / "feats")
            for table in ("clini.csv", "slide.csv"):
                header, rows = (source / table).read_text().split("\n", 1)
                header = ",".join(words.get(column, column) for column in header.split(","))
                (target / table).write_text(header + "\n" + rows)

    def fake_jobs(self, launches):
        """Whatever is submitted from now on does what `launches` says (tests/slurm/fake_cluster.py)."""
        scenario = {"store": str(self.folder / "results/grid.db"), "launches": launches}
        (self.state / "scenario.json").write_text(json.dumps(scenario))
        (self.state / "calls.jsonl").write_text("")

    def calls(self, command):
        lines = map(json.loads, (self.state / "calls.jsonl").read_text().splitlines())
        return [call for call in lines if call["command"] == command]

    def run(self, text):
        """Runs a text as bash does; returns the finished process."""
        environment = dict(
            os.environ, PATH=f"{self.bin}:{os.environ['PATH']}", STUB_CALLS=str(self.state / "stubs"),
            OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_rmaps_base_oversubscribe="1",
            FAKE_STATE=str(self.state), REAL_MTLGRID=str(BUILD / "mtlgrid"), MTLGRID_BINARY=str(self.state / "fake/mtlgrid"),
            MTLGRID_MPIRUN=str(self.state / "fake/mpirun"), MTLGRID_POLL_SECONDS="0.02", MTLGRID_GRACE_SECONDS="1")
        return subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.folder, env=environment, text=True,
                              capture_output=True, timeout=PATIENCE)

    def stubs(self):
        file = self.state / "stubs"
        return file.read_text().splitlines() if file.exists() else []


def mpirun_is_here():
    return shutil.which("mpirun") is not None
