"""Descriptors, the files of the run, temporary folders, disks."""

import fcntl
import os
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.chaos.ground import (
    MIB,
    asleep,
    below_ground,
    child,
    descriptors,
    folder,
    ignore,
    quiet,
    remove,
    target,
    temporary,
    words,
)

HUGE = 2**62
CALLED, CLAIMED, ENDED, CUT, HOST = 4, 2, 5, 6, 7  # words of the table's header


def each_descriptor(deed: Callable[[int], Any], but: int = 2) -> None:
    for fd in descriptors(but):
        quiet(deed, fd)


def those_of_the_run() -> list[int]:
    return [fd for fd in descriptors() if str(folder()) in target(fd)]


def pipes() -> list[int]:
    return [fd for fd in descriptors(2) if target(fd).startswith(("pipe:", "socket:"))]


def over(path: str, *fds: int, flags: int = os.O_RDWR) -> None:
    opened = os.open(path, flags)
    for fd in fds:
        os.dup2(opened, fd)
    print("is anybody there?")
    os.write(1, b"or here?\n")


def use_up_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    kept = []
    try:
        while True:
            kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        globals()["_kept"] = kept


def steal(fd: int) -> None:
    os.set_blocking(fd, False)
    os.read(fd, 65536)


def write_word(at: int, value: int) -> None:
    words()[at] = value


def scribble() -> None:
    chance = random.Random(0)
    view = words()
    for _ in range(2000):
        view[chance.randrange(len(view))] = chance.randrange(-(2**63), 2**63)


def fill_words(value: int, most: int = 10**6) -> None:
    view = words()
    for at in range(min(most, len(view))):
        view[at] = value


def instead(name: str, make: Callable[[Path], Any]) -> None:
    """Put something else in the place of a file of the run."""
    path = folder() / name
    remove(path)
    make(path)


def link_to(there: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(there)


def write(name: str, data: bytes, flags: int = os.O_TRUNC) -> None:
    fd = os.open(below_ground(folder() / name), os.O_WRONLY | os.O_CREAT | flags, 0o600)
    os.write(fd, data)
    os.close(fd)


def sparse(path: Path, size: int) -> None:
    with below_ground(path).open("ab") as file:
        file.truncate(size)


def deep(path: Path, levels: int) -> None:
    """Folders in folders, deeper than Python's stack and than the longest path."""
    below_ground(path).mkdir()
    at = os.open(path, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=at)
        inner = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)


def many(path: Path, count: int) -> None:
    below_ground(path).mkdir()
    for number in range(count):
        os.close(os.open(path / str(number), os.O_CREAT | os.O_WRONLY))


def odd_names() -> None:
    for name in (b"\xff\xfe", b"new\nline", b"-rf", b"*", b"a" * 255, b" ", b"\x1b[2J"):
        where = os.fsencode(temporary()) + b"/" + name
        os.close(os.open(where, os.O_CREAT | os.O_WRONLY))


def swap_folder() -> None:
    """The run's folder is now a link to a folder that must live."""
    here = folder()
    here.rename(below_ground(here.parent / f"{here.name}-away"))
    here.symlink_to(os.environ["MPVIZ_CHAOS"] + "/canary")


def hold_lock(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    asleep()


def go_nowhere() -> None:
    place = temporary() / "nowhere"
    place.mkdir()
    os.chdir(place)
    place.rmdir()


def tempfile_without_folder() -> str:
    remove(temporary())
    tempfile.tempdir = None
    os.environ["TMPDIR"] = str(temporary() / "not" / "there")
    return Path(tempfile.gettempdir()).name


def without_temporary() -> None:
    remove(temporary())
    with tempfile.TemporaryFile() as file:  # raises: the folder is no more
        file.write(b"x")


def fill_disk() -> None:
    """Fill the disk, where that is a small one of the test's own; else as far as one may."""
    about = os.statvfs(temporary())
    if about.f_blocks * about.f_frsize > 2**30:
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, MIB))
    ignore(25)  # SIGXFSZ
    with (temporary() / "ballast").open("wb", buffering=0) as file:
        while file.write(bytes(MIB)) == MIB:
            pass
    print("no room for this")


def full_from_a_child() -> None:
    child(fill_disk)
    time.sleep(0.2)
    print("x" * 100_000)


def fifo_opened() -> None:
    os.mkfifo(temporary() / "fifo")
    (temporary() / "fifo").read_bytes()


def replace_results(make: Callable[[Path], Any]) -> None:
    for name in ("results", "results.part"):
        make(below_ground(folder() / name))


FAMILIES: dict[str, dict[str, Callable[[], Any]]] = {
    "descriptors": {
        "closes 0 to 20": lambda: os.closerange(0, 21),
        "closes all but 0 to 2": lambda: os.closerange(3, 65536),
        "closes all": lambda: os.closerange(0, 65536),
        "closes those of the run": lambda: [os.close(fd) for fd in those_of_the_run()],
        "closes its pipes": lambda: [os.close(fd) for fd in pipes()],
        "/dev/null over 1 and 2": lambda: over("/dev/null", 1, 2),
        "/dev/full over 1 and 2": lambda: over("/dev/full", 1, 2),
        "/dev/full over those of the run": lambda: over("/dev/full", *those_of_the_run()),
        "/dev/zero over its pipes": lambda: over("/dev/zero", *pipes()),
        "uses up its descriptors": use_up_descriptors,
        "none of them blocks": lambda: each_descriptor(lambda fd: os.set_blocking(fd, False)),
        "all of them inherited": lambda: each_descriptor(lambda fd: os.set_inheritable(fd, True)),
        "garbage into its pipes": lambda: [quiet(os.write, fd, b"garbage!" * 9) for fd in pipes()],
        "steals from its pipes": lambda: [quiet(steal, fd) for fd in pipes()],
    },
    "the table": {
        "truncated": lambda: os.truncate(folder() / "table", 0),
        "halved": lambda: os.truncate(folder() / "table", 200),
        "a tebibyte long": lambda: sparse(folder() / "table", 2**40),
        "removed": lambda: remove(folder() / "table"),
        "a pipe in its place": lambda: instead("table", os.mkfifo),
        "called in 100 years": lambda: write_word(CALLED, HUGE),
        "called never": lambda: write_word(CALLED, 0),
        "called before time": lambda: write_word(CALLED, -HUGE),
        "more workers than rows": lambda: write_word(CLAIMED, HUGE),
        "fewer workers than none": lambda: write_word(CLAIMED, -HUGE),
        "ended in 100 years": lambda: [write_word(ENDED, HUGE), write_word(CUT, HUGE)],
        "another's process number": lambda: write_word(HOST, 1),
        "no tasks": lambda: [write_word(0, 0), write_word(1, 0)],
        "many tasks": lambda: [write_word(0, HUGE), write_word(1, HUGE)],
        "all ones": lambda: fill_words(-1),
        "all zero": lambda: fill_words(0),
        "the largest words": lambda: fill_words(2**63 - 1),
        "scribbled over": scribble,
    },
    "the run's files": {
        "output truncated": lambda: os.truncate(folder() / "output", 0),
        "output removed": lambda: remove(folder() / "output"),
        "output garbage": lambda: write("output", random.Random(0).randbytes(100_000)),
        "output that says it goes on": lambda: write("output", b"\0" * 12 + b"\xff" * 4),
        "output a pipe": lambda: instead("output", os.mkfifo),
        "output a folder": lambda: instead("output", os.mkdir),
        "output /dev/zero": lambda: instead("output", link_to("/dev/zero")),
        "output /dev/full": lambda: instead("output", link_to("/dev/full")),
        "output itself": lambda: instead("output", link_to("output")),
        "output of 20 GiB": lambda: sparse(folder() / "output", 20 * 2**30),
        "results a pipe": lambda: replace_results(os.mkfifo),
        "results a folder": lambda: replace_results(os.mkdir),
        "results /dev/zero": lambda: replace_results(link_to("/dev/zero")),
        "results garbage": lambda: write("results", b"\xff\x00{[" * 1000),
        "results of another kind": lambda: write("results", b'["no ending", {"a": [1]}]'),
        "results nested deeply": lambda: write("results", b"[" * 10**6),
        "results of 20 GiB": lambda: sparse(folder() / "results", 20 * 2**30),
        "host.log a pipe": lambda: instead("host.log", os.mkfifo),
        "host.log of 20 GiB": lambda: sparse(folder() / "host.log", 20 * 2**30),
        "plan removed": lambda: remove(folder() / "plan"),
    },
    "the run's folder": {
        "removed": lambda: remove(folder()),
        "removed again and again": lambda: child(
            lambda: [shutil.rmtree(below_ground(folder()), True) for _ in range(1000)]
        ),
        "renamed": lambda: folder().rename(below_ground(folder().parent / "mpviz-renamed")),
        "a link to another": swap_folder,
        "closed": lambda: folder().chmod(0),
        "locked": lambda: hold_lock(folder()),
        "with 20,000 files": lambda: many(temporary() / "many", 20_000),
        "900 folders deep": lambda: deep(temporary() / "deep", 900),
        "3,000 folders deep": lambda: deep(temporary() / "deep", 3000),
        "with odd names": odd_names,
        "with a link out of it": lambda: (temporary() / "out").symlink_to(
            os.environ["MPVIZ_CHAOS"]
        ),
        "its tmp a link": lambda: instead("tmp", link_to(os.environ["MPVIZ_CHAOS"] + "/canary")),
        "worked in": lambda: os.chdir(folder()),
    },
    "temporary files": {
        "works in a folder that is gone": go_nowhere,
        "without a temporary folder": without_temporary,
        "a temporary folder that never was": tempfile_without_folder,
        "umask 0777": lambda: os.umask(0o777),
        "umask 0": lambda: os.umask(0),
        "tmp a file": lambda: instead("tmp", lambda path: path.write_bytes(b"")),
        "works in /proc": lambda: os.chdir("/proc/self"),
        "works in /": lambda: os.chdir("/"),
    },
    "disks": {
        "full": fill_disk,
        "filled by a child": full_from_a_child,
        "a sparse file of a tebibyte": lambda: sparse(temporary() / "sparse", 2**40),
        "waits for a pipe's other end": fifo_opened,
        "waits for a lock": lambda: [hold_lock(folder() / "plan"), hold_lock(folder() / "plan")],
        "reads without end": lambda: Path("/dev/zero").open("rb").read(10**8),
    },
}
