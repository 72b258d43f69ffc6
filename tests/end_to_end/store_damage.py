"""What can happen to a store while no run has it. Each takes the store's and its journal's file, and a random.Random."""
import os

JOURNAL_HEADER, RECORD_HEADER = 24, 40  # bytes; docs/store-internals.md
UNTOUCHED = 8 * 8192                    # the first pages of a store


def delete(store, journal, random):
    store.unlink()


def cut_off(store, journal, random):
    os.truncate(store, random.randrange(store.stat().st_size))


def write_at(file, at, data):
    with open(file, "r+b") as out:
        out.seek(at)
        out.write(data)


def turn_bytes(file, random, first=0, count=16):
    """Other bytes at `count` places from `first` on."""
    size = file.stat().st_size
    for _ in range(count if size > first else 0):
        at = random.randrange(first, size)
        with open(file, "rb") as source:
            source.seek(at)
            byte = source.read(1)
        write_at(file, at, bytes([byte[0] ^ 0xA5]))


def flip(store, journal, random):
    """Other bytes here and there, but for the first pages: a store that says it holds more than the journal needs a person."""
    turn_bytes(store, random, first=min(UNTOUCHED, store.stat().st_size - 1), count=64)


def begin_record(store, journal, random):
    """A crash within a write: the beginning of a record at the journal's end, which the store does not have."""
    record = journal.read_bytes()[JOURNAL_HEADER:]
    length = RECORD_HEADER + int.from_bytes(record[4:8], "little")
    beginning = record[:random.randint(1, length - 1)]
    with open(journal, "ab") as file:
        file.write(beginning)


def lose_power(store, journal, random):
    """A power loss within a write: the last record's end is missing, and the store, which had it, is gone."""
    os.truncate(journal, journal.stat().st_size - random.randint(1, 30))
    store.unlink()


DAMAGES = {"store deleted": delete, "store cut off": cut_off, "store with other bytes": flip,
           "journal with a begun record": begin_record, "journal with a torn tail, and no store": lose_power}

