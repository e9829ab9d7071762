"""Why a mechanism did what was seen of it: texts, by family of mechanism and kind of fault."""

from __future__ import annotations

from mpviz.faults.lab.cell import Seen

# Faults that end the worker, whether it was killed or left.
DEADLY = ("os._exit", "sigkill", "segfault", "sys.exit", "interrupt")
ENDLESS = ("loop", "sleep")


def family(mechanism: str) -> str:
    """What a mechanism is made of: ``pool`` of ``pool.map``; the lesson's own stand alone."""
    return mechanism if mechanism.endswith(".lesson") else mechanism.partition(".")[0]


def reason(mechanism: str, fault: str, seen: Seen) -> str:
    """Why, in a sentence without its full stop; empty where there is nothing to add."""
    own = family(mechanism)
    for kin in (own, "*"):
        for kind in (fault, _kind(fault), "*"):
            if text := REASONS.get((seen, kin, kind)):
                return text
    return ""


def _kind(fault: str) -> str:
    return "death" if fault in DEADLY else "endless" if fault in ENDLESS else fault


# Why tasks may never have been started, of a call that returned as if all were well.
UNSTARTED = {
    "queue.lesson": "consumers leave when get_nowait says Empty, which means not now",
}
H, L, D = Seen.HUNG, Seen.LOST, Seen.DIED
REASONS: dict[tuple[Seen, str, str], str] = {
    (H, "*", "endless"): "No mechanism of the standard library ends a task that runs on, so it "
    "would wait for ever",
    (H, "*", "sigstop"): "A stopped process is alive, so nobody notices and it would wait for ever",
    (H, "sequential", "endless"): "There is nobody else who could end the task",
    (H, "sequential", "sigstop"): "It stopped the whole program",
    (H, "threads", "endless"): "A thread can't be ended from outside, so it would wait for ever",
    (H, "threads", "sigstop"): "It stopped the whole program, with all its threads",
    (H, "threads", "death"): "The exception ended the worker's thread alone, and the main thread "
    "would wait for its result for ever",
    (H, "pool", "death"): "Pool starts a new worker, but nobody runs the lost task again: it would "
    "wait for ever",
    (H, "pool", "bad_exception"): "The thread of Pool that reads results died of what it could "
    "not unpickle, so no result arrives any more: it would wait for ever",
    (H, "pool", "killed_sending"): "The thread of Pool that reads results waits for the rest of a "
    "message that nobody will send",
    (H, "pool", "memory"): "Pool starts a new worker, but nobody runs the lost task again",
    (H, "executor", "killed_sending"): "The executor's thread is in the midst of reading a message "
    "whose rest nobody will send; it looks at its workers only between two messages",
    (H, "queue", "death"): "The consumer took its task along, and the main process would wait for "
    "its result for ever",
    (H, "queue", "bad_argument"): "The thread that feeds the queue dropped what it could not "
    "pickle and said so on standard error alone; the main process would wait for its result for "
    "ever",
    (H, "queue", "bad_result"): "The consumer died of what it could not pickle, and the main "
    "process would wait for its result for ever",
    (H, "queue", "killed_sending"): "The consumer died with the queue's lock in its hand and half "
    "a message in its pipe: nobody can send, and the rest of the message never comes",
    (H, "queue.lesson", "big_result"): "The consumers are joined before their results are read, "
    "and a pipe holds 64 KiB: each waits for the other",
    (H, "queue.lesson", "big_results"): "The consumers are joined before their results are read, "
    "and a pipe holds 64 KiB: each waits for the other",
    (H, "queue.lesson", "killed_sending"): "The consumer died with the queue's lock in its hand, "
    "and the others wait for that lock for ever",
    (H, "pipe.lesson", "*"): "It receives as many messages as it started processes; one never "
    "comes, and the pipe is never closed while others hold its end",
    (H, "pipe.lesson", "endless"): "It receives as many messages as it started processes, and one "
    "never comes",
    (H, "pipe.lesson", "sigstop"): "It receives as many messages as it started processes, and one "
    "never comes",
    (H, "pipe.lesson", "big_result"): "All processes write to one end of one pipe and nothing "
    "locks it: messages were written into each other, and the rest of one never comes",
    (H, "pipe.lesson", "big_results"): "All processes write to one end of one pipe and nothing "
    "locks it: messages were written into each other, and the rest of one never comes",
    (H, "pipe.lesson", "bad_exception"): "The process that raised sent nothing: it receives as "
    "many messages as it started processes, and one never comes",
    (L, "process", "*"): "The pipe of a process that dies is closed, so its loss is noticed; the "
    "others go on, and nothing is raised",
    (L, "pipe", "*"): "The pipe of a worker that dies is closed, so its loss is noticed; the "
    "others go on, and nothing is raised",
    (L, "process.lesson", "*"): "As taught, each process prints its answer and gives nothing back, "
    "so no result ever comes; and nobody looks at how a process ended",
    (L, "queue.lesson", "*"): "Nobody looks at how a consumer ended, and nobody counts what came",
    (L, "queue.lesson", "bad_argument"): "The thread that feeds the queue dropped what it could "
    "not pickle and said so on standard error alone",
    (D, "sequential", "*"): "The tasks run in the program's own process: what ends it ends all",
    (D, "threads", "*"): "Threads are the program's own process: what ends it ends all",
}
