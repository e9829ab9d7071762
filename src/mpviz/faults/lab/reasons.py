"""Why a mechanism ended as it did, by family of mechanism and kind of fault. Texts only."""

from __future__ import annotations

from mpviz.faults.lab.cell import Seen

# Faults that end the worker, whether it is killed or exits.
DEADLY = ("os._exit", "sigkill", "segfault", "sys.exit", "interrupt")
ENDLESS = ("loop", "sleep")


def family(mechanism: str) -> str:
    """What a mechanism is built on: ``pool`` for ``pool.map``; a ``.lesson`` is its own family."""
    return mechanism if mechanism.endswith(".lesson") else mechanism.partition(".")[0]


def reason(mechanism: str, fault: str, seen: Seen) -> str:
    """Why it ended so, a sentence without its full stop; empty if there is nothing to add."""
    own = family(mechanism)
    for kin in (own, "*"):
        for kind in (fault, _kind(fault), "*"):
            if text := REASONS.get((seen, kin, kind)):
                return text
    return ""


def _kind(fault: str) -> str:
    return "death" if fault in DEADLY else "endless" if fault in ENDLESS else fault


# Why tasks may never have been started by a call that returned as if all were well.
UNSTARTED = {
    "queue.lesson": "consumers leave when get_nowait raises Empty, which only means not now",
}
H, L, D = Seen.HUNG, Seen.LOST, Seen.DIED
ONE_EACH = "It expects one message from each process it started, and one never comes"
JOINED_FIRST = (
    "The consumers are joined before their results are read, and a pipe holds 64 KiB: the main "
    "process and a consumer wait for each other"
)
MIXED = (
    "All processes write to the same end of one pipe without a lock: their messages got mixed up, "
    "and the rest of one never comes"
)
REASONS: dict[tuple[Seen, str, str], str] = {
    (H, "*", "endless"): "No mechanism of the standard library ends a task that never returns, so "
    "the call would wait forever",
    (H, "*", "sigstop"): "A stopped process counts as alive, so nothing notices and the call would "
    "wait forever",
    (H, "sequential", "endless"): "Nothing else is running that could end the task",
    (H, "sequential", "sigstop"): "The whole program was stopped",
    (H, "threads", "endless"): "A thread can't be ended from outside, so the call would wait "
    "forever",
    (H, "threads", "sigstop"): "The whole program was stopped, with all its threads",
    (H, "threads", "death"): "The exception ended only the worker's thread, and the main thread "
    "would wait forever for its result",
    (
        H,
        "pool",
        "death",
    ): "Pool starts a new worker, but nothing runs the lost task again: the call "
    "would wait forever",
    (H, "pool", "bad_exception"): "Pool's thread that reads results died on what it could not "
    "unpickle, so no more results arrive: the call would wait forever",
    (H, "pool", "killed_sending"): "Pool's thread that reads results waits for the rest of a "
    "message that nobody will send",
    (H, "pool", "memory"): "Pool starts a new worker, but nothing runs the lost task again",
    (H, "executor", "killed_sending"): "The executor's thread is in the middle of a message whose "
    "rest nobody will send, and it checks its workers only between messages",
    (H, "queue", "death"): "The consumer died with its task, and the main process would wait "
    "forever for the result",
    (H, "queue", "bad_argument"): "The queue's feeder thread dropped what it could not pickle and "
    "reported it on standard error only; the main process would wait forever for the result",
    (H, "queue", "bad_result"): "The consumer died on a result that it could not pickle, and the "
    "main process would wait forever for it",
    (H, "queue", "killed_sending"): "The consumer died holding the queue's lock, with half a "
    "message in the pipe: nobody else can send, and the rest of the message never comes",
    (H, "queue.lesson", "big_result"): JOINED_FIRST,
    (H, "queue.lesson", "big_results"): JOINED_FIRST,
    (H, "queue.lesson", "killed_sending"): "The consumer died holding the queue's lock, and the "
    "others wait forever for it",
    (H, "pipe.lesson", "*"): f"{ONE_EACH}: the pipe isn't closed while other processes hold its "
    "sending end",
    (H, "pipe.lesson", "endless"): ONE_EACH,
    (H, "pipe.lesson", "sigstop"): ONE_EACH,
    (H, "pipe.lesson", "big_result"): MIXED,
    (H, "pipe.lesson", "big_results"): MIXED,
    (H, "pipe.lesson", "bad_exception"): f"{ONE_EACH}: the process that raised sent nothing",
    (L, "process", "*"): "When a process dies its pipe closes, so the loss is noticed; but the "
    "others go on and nothing is raised",
    (L, "pipe", "*"): "When a worker dies its pipe closes, so the loss is noticed; but the others "
    "go on and nothing is raised",
    (L, "process.lesson", "*"): "As taught, each process prints its result and returns nothing, so "
    "no result ever arrives; and nobody checks how a process ended",
    (L, "queue.lesson", "*"): "Nobody checks how a consumer ended, and nobody counts the results",
    (L, "queue.lesson", "bad_argument"): "The queue's feeder thread dropped what it could not "
    "pickle and reported it on standard error only",
    (D, "sequential", "*"): "The tasks run in the program's own process: what ends one ends "
    "everything",
    (D, "threads", "*"): "Threads run in the program's own process: what ends one ends everything",
}
