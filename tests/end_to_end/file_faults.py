"""What other people, disks and limits can do to the files of a run, at any moment.

A fault is a function of (files, random). It says what it did, and how that is taken back, if at all; None: there was
nothing to do it to. STRIKES happen while a run goes on, SETTINGS before it starts.
"""
import errno
import os
import resource
import shutil
import sqlite3
from pathlib import Path

from store_damage import turn_bytes, write_at

JOURNAL_HEADER = 24  # bytes; docs/store-internals.md


class Files:
    """The files of a grid, where a run that goes on has them now."""

    def __init__(self, grid, library):
        self.grid, self.library = grid, library
        self.folder, self.store = grid.store.parent, grid.store

    def beside(self, suffix):
        return Path(f"{self.store}{suffix}")

    def features(self):
        return sorted(self.folder.glob("*/feats/**/*.h5"))

    def attempt_files(self, pattern):
        return sorted(file for file in self.beside(".d").glob(f"grid-*/**/attempt-*/{pattern}")
                      if not file.name.endswith(".tmp"))

    def bags(self):
        return sorted(file for file in self.folder.glob("mtlgrid-bags*") if "lock" not in file.name)


def put_back(file, content):
    def undo():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return undo


def one(random, files):
    return random.choice(files) if files else None


# ---- Features ----

def features_of_another(files, random):
    file, other = random.choice(files.features()), random.choice(files.features())
    content = file.read_bytes()
    file.write_bytes(other.read_bytes())
    return f"features of another patient in {file.name}", put_back(file, content)


def features_changed_quietly(files, random):
    """Size and time stay."""
    file = random.choice(files.features())
    content, status = file.read_bytes(), file.stat()
    turn_bytes(file, random, first=len(content) // 2, count=64)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    return f"features changed quietly in {file.name}", put_back(file, content)


def features_removed(files, random):
    file = random.choice(files.features())
    content = file.read_bytes()
    file.unlink()
    return f"features removed: {file.name}", put_back(file, content)


def feature_folder_moved(files, random):
    folder = random.choice(sorted(files.folder.glob("*/feats")))
    away = folder.with_name("away")
    folder.rename(away)
    return f"folder of features moved: {folder.parent.name}", lambda: away.rename(folder)


# ---- What a trainer keeps ----

def checkpoint_changed(files, random):
    file = one(random, files.attempt_files("checkpoint-*"))
    if file is None:
        return None
    turn_bytes(file, random)
    return "checkpoint changed", None


def checkpoint_cut(files, random):
    file = one(random, files.attempt_files("checkpoint-*"))
    if file is None:
        return None
    os.truncate(file, random.randrange(file.stat().st_size))
    return "checkpoint cut", None


def checkpoint_removed(files, random):
    file = one(random, files.attempt_files("checkpoint-*"))
    if file is None:
        return None
    file.unlink()
    return "checkpoint removed", None


def checkpoints_swapped(files, random):
    found = files.attempt_files("checkpoint-*")
    if len(found) < 2:
        return None
    a, b = random.sample(found, 2)
    content = a.read_bytes()
    a.write_bytes(b.read_bytes())
    b.write_bytes(content)
    return "checkpoints swapped", None


def folder_removed(files, random):
    folder = random.choice([files.beside(".d"), *files.beside(".d").glob("grid-*"),
                            *files.beside(".d").glob("grid-*/**/attempt-*")])
    if not folder.exists():
        return None
    shutil.rmtree(folder, ignore_errors=True)
    return f"folder removed: {'STORE.d' if folder == files.beside('.d') else folder.name.split('-')[0]}", None


def bags_changed(files, random):
    file = one(random, files.bags())
    if file is None or file.stat().st_size < 8192:
        return None
    if random.random() < 0.5:
        turn_bytes(file, random, first=4096, count=256)
        return "bags changed", None
    write_at(file, 8192, bytes(file.stat().st_size - 8192))
    return "bags zeroed", None


def bags_removed(files, random):
    file = one(random, files.bags())
    if file is None:
        return None
    file.unlink()
    return "bags removed", None


def bags_cut(files, random):
    file = one(random, files.bags())
    if file is None:
        return None
    os.truncate(file, random.randrange(file.stat().st_size))
    return "bags cut", None


# ---- Journal and database ----

def journal_fault(change, what):
    """The journal of before is put back if the run asks a person for it."""
    def fault(files, random):
        journal = files.beside(".journal")
        if not journal.exists() or journal.stat().st_size <= JOURNAL_HEADER:
            return None
        before = journal.read_bytes()
        if change(journal, before, random) is False:
            return None
        files.grid.journal_before = before
        return what, None
    fault.__name__ = what.replace(" ", "_")
    return fault


def edit_journal(journal, before, random):
    turn_bytes(journal, random, first=JOURNAL_HEADER)


def replace_journal(journal, before, random):
    other = journal.with_name("other")
    other.write_bytes(before[:random.randrange(JOURNAL_HEADER, len(before))])
    other.rename(journal)


def append_to_journal(journal, before, random):
    with open(journal, "ab") as out:
        out.write(random.randbytes(random.randrange(1, 500)))


journal_removed = journal_fault(lambda journal, before, random: journal.unlink(), "journal removed")
journal_emptied = journal_fault(lambda journal, before, random: os.truncate(journal, 0), "journal emptied")
journal_cut = journal_fault(
    lambda journal, before, random: os.truncate(journal, random.randrange(len(before))), "journal cut")
journal_edited = journal_fault(edit_journal, "journal edited")
journal_replaced = journal_fault(replace_journal, "journal replaced by an older one")
journal_appended = journal_fault(append_to_journal, "journal with other bytes at its end")


def database_changed(files, random):
    statement = random.choice((
        "UPDATE metrics SET value = 0.999", "DELETE FROM predictions", "UPDATE cells SET state = 'failed'",
        "CREATE TRIGGER mine AFTER INSERT ON metrics BEGIN UPDATE metrics SET value = 0.5; END",
        "ALTER TABLE metrics ADD COLUMN mine", "DROP TABLE epochs", "VACUUM", "PRAGMA journal_mode = WAL"))
    file = random.choice((files.store, files.store, files.beside(".working"), files.beside(".snapshot")))
    if not file.exists():
        return None
    try:
        connection = sqlite3.connect(file, timeout=0.2, isolation_level=None)
        connection.execute(statement)
        connection.close()
    except sqlite3.Error:
        return None
    return f"database{file.name.removeprefix(files.store.name)} changed ({statement.split()[0]})", None


def database_held(files, random):
    if not files.store.exists():
        return None
    connection = sqlite3.connect(files.store, timeout=0.2, isolation_level=None)
    try:
        connection.execute(random.choice(("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE")))
    except sqlite3.Error:
        connection.close()
        return None
    return "database held", connection.close


def database_bytes(files, random):
    file = random.choice((files.store, files.beside(".working")))
    if not file.exists() or file.stat().st_size == 0:
        return None
    turn_bytes(file, random)
    return f"database{file.name.removeprefix(files.store.name)} with other bytes", None


def file_removed(files, random):
    suffix = random.choice(("", ".working", ".snapshot", ".progress", ".lock", ".sum", ".done"))
    file = files.beside(suffix)
    if not file.exists():
        return None
    file.unlink()
    return f"removed: STORE{suffix}", None


def nonsense_lock(files, random):
    """In place of a lock that is there, or where there is none."""
    lock = files.beside(".lock")
    epoch = random.choice(("18446744073709551615", "9223372036854775807", "-1", "x", "99999999999999999999"))
    lock.write_text('{"epoch":"%s","beat":"0","host":"%s","pid":1,"start":"0","machine":"m","since":0}\n'
                    % (epoch, os.uname().nodename))
    return f"lock with epoch {epoch}", lambda: lock.unlink(missing_ok=True)


STRIKES = (features_of_another, features_changed_quietly, features_removed, feature_folder_moved, checkpoint_changed,
           checkpoint_cut, checkpoint_removed, checkpoints_swapped, folder_removed, bags_changed, bags_removed, bags_cut,
           journal_removed, journal_emptied, journal_cut, journal_edited, journal_replaced, journal_appended,
           database_changed, database_changed, database_held, database_bytes, file_removed, nonsense_lock)


# ---- Settings of a launch: each says what it is, and changes the arguments of subprocess.Popen ----

def limit(name, least, most):
    which = getattr(resource, name)

    def setting(files, random, popen):
        value = int(least * (most / least) ** random.random())
        popen["preexec_fn"] = lambda: resource.setrlimit(which, (value, resource.getrlimit(which)[1]))
        return f"{name} {value}"
    setting.__name__ = name
    return setting


PLACES = {  # what each program opens
    "mtlgrid": ("/cohorts", ".journal", ".working", "grid.db", ".h5", ".csv", ".lock", ".done", ".sum", ".snapshot",
                ".progress", "fingerprints", ".ini"),
    "mtlgrid-trainer": ("/cohorts", "checkpoint", "weights", "mtlgrid-bags", ".h5", "/log"),
}
ERRORS = {"open": (errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EIO), "read": (errno.EIO, errno.ESTALE),
          "write": (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO), "sync": (errno.ENOSPC, errno.EIO),
          "rename": (errno.ENOSPC, errno.EIO, errno.EACCES), "truncate": (errno.EIO,)}


def io_error(files, random, popen):
    call = random.choice(("open", "read", "write", "write", "sync", "rename", "truncate"))
    error, program = random.choice(ERRORS[call]), random.choice(sorted(PLACES))
    text = random.choice(PLACES[program])
    tokens = files.folder / f"tokens-{random.randrange(1 << 30)}"
    tokens.mkdir()
    first, times = int(300 ** random.random()), random.choice((1, 1, 3, 1000))
    popen["env"] = dict(files.grid.environment(), LD_PRELOAD=str(files.library),
                        MTLGRID_IO_FAULT=f"{program} {call} {error} {first} {times} {tokens} {text}")
    return f"{errno.errorcode[error]} in {program}'s {call} of *{text}*, {times} from {first}"


def full_messages(files, random, popen):
    popen["stderr"] = open("/dev/full", "w")
    if random.random() < 0.5:
        popen["stdout"] = open("/dev/full", "w")
    return "messages to a full disk"


def closed_descriptors(files, random, popen):
    closed = random.choice(((2,), (1, 2), (0, 1, 2)))
    popen["preexec_fn"] = lambda: [os.close(number) for number in closed]
    return "closed descriptors"


SETTINGS = (io_error, io_error, io_error, io_error, limit("RLIMIT_NOFILE", 16, 100), limit("RLIMIT_FSIZE", 4000, 2 << 20),
            limit("RLIMIT_AS", 100 << 20, 8 << 30), limit("RLIMIT_CPU", 1, 5), full_messages, closed_descriptors)


def link_places(files, random):
    """Before the first launch: symbolic links in place of what a run reads and writes."""
    elsewhere = files.folder / "elsewhere"
    elsewhere.mkdir()
    linked = []
    for name in ("feats", "clini.csv", "slide.csv", "grid.db", "grid.db.d"):
        if random.random() < 0.5:
            continue
        if name.startswith("grid.db"):
            target = elsewhere / name
            if name == "grid.db.d":
                target.mkdir()
            os.symlink(target, files.folder / name)
        else:
            cohort = random.choice(sorted(folder for folder in files.folder.iterdir() if (folder / name).exists()))
            (cohort / name).rename(elsewhere / name)
            os.symlink(elsewhere / name, cohort / name)
        linked.append(name)
    return f"links: {' '.join(linked)}" if linked else None
