"""Every column there is: its name, dtype, unit and one line of meaning. Knows no pandas.

In a CSV file a text that would begin a formula, in any ``str`` column, has an apostrophe before it;
see ``mpviz.analysis.csvfiles``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``dtype`` is pandas' name of it, ``unit`` is empty for numbers and text."""

    name: str
    dtype: str
    unit: str
    meaning: str


def _columns(text: str) -> tuple[Column, ...]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return tuple(Column(*(cell.strip() for cell in row)) for row in rows)


PLAN = _columns("""
    run          | int64   |   | number of the run, from 0
    workload     | str     |   | name of the function
    input_set    | str     |   | name of the input set
    mechanism    | str     |   | how tasks reach workers
    start_method | str     |   | fork, spawn, forkserver; empty where it means nothing
    workers      | int64   |   | workers asked for
    chunk_size   | int64   |   | tasks handed over at once
    timeout_s    | float64 | s | the deadline
""")

TASKS = _columns("""
    run          | int64   |   | number of the run
    task         | int64   |   | place of the input in the input set, from 0
    input        | str     |   | JSON where it can be, else a shortened repr
    workload     | str     |   | name of the function
    mechanism    | str     |   | how tasks reach workers
    start_method | str     |   | fork, spawn, forkserver; empty where it means nothing
    workers      | int64   |   | workers asked for
    chunk_size   | int64   |   | tasks handed over at once
    worker       | Int64   |   | the lane that ran it, from 0
    pid          | Int64   |   | process that ran it
    tid          | Int64   |   | thread that ran it
    started_s    | float64 | s | since the mechanism was called
    finished_s   | float64 | s | since the mechanism was called
    received_s   | float64 | s | when the mechanism yielded the result
    cpu_s        | float64 | s | CPU time: process and children waited for; of threads, its own
    outcome      | str     |   | ok, error, died, timeout, cancelled, missing
    result       | str     |   | JSON where it can be, else a shortened repr; an error's exception
""")

WORKERS = _columns("""
    run          | int64   |   | number of the run
    worker       | int64   |   | lane, from 0
    name         | str     |   | name of the process or thread
    pid          | Int64   |   | process
    tid          | Int64   |   | thread
    requested_s  | float64 | s | start() called
    booted_s     | float64 | s | first instruction
    first_task_s | float64 | s | its first task began
    last_task_s  | float64 | s | its last task ended
    ended_s      | float64 | s | its end
    exitcode     | Int64   |   | of a process that ended; minus the signal's number if killed
    tasks        | int64   |   | tasks it began
    useful_s     | float64 | s | wall time inside tasks
    cpu_s        | float64 | s | CPU time of its tasks
    waited_s     | float64 | s | ready to run, but no CPU was free; of its main thread
    voluntary    | Int64   |   | times its main thread gave up the CPU to wait for something
    involuntary  | Int64   |   | times the CPU was taken from its main thread
    minor_faults | Int64   |   | memory pages mapped without reading a disk; of processes
    major_faults | Int64   |   | memory pages read from a disk; of processes
    read_b       | Int64   | B | read by system calls: files, pipes, sockets; of processes
    written_b    | Int64   | B | written by system calls; of processes
    threads      | Int64   |   | the most alive at a look; of processes
    peak_pss_b   | Int64   | B | memory, shared pages by share: the most at a look; of processes
    last_pss_b   | Int64   | B | the same at the last look
""")

COUNTS = _columns("""
    ok           | int64   |   | tasks that ended so
    error        | int64   |   | tasks that ended so
    died         | int64   |   | tasks that ended so
    timeout      | int64   |   | tasks that ended so
    cancelled    | int64   |   | tasks that ended so
    missing      | int64   |   | tasks that ended so
""")

RUNS = (
    PLAN
    + _columns("""
    ending       | str     |   | finished, raised, deadline, cancelled, memory, host died
    message      | str     |   | what the call raised, or why it was ended
    makespan_s   | float64 | s | from the call to the last result in hand
    baseline_s   | float64 | s | makespan of the sequential run
    speedup      | float64 |   | baseline_s / makespan_s
    possible_speedup | float64 | | the most that workers, CPUs and the tasks' waiting allow
    efficiency   | float64 |   | speedup / workers
    load_balance | float64 |   | mean / max useful time over lanes
    communication_efficiency | float64 | | max useful time of a lane / makespan_s
    parallel_efficiency | float64 | | load_balance * communication_efficiency
    computation_scaling | float64 | | sequential useful time / useful time
    global_efficiency | float64 | | parallel_efficiency * computation_scaling
    serial_fraction | float64 | | Karp-Flatt metric
    startup_s    | float64 | s | worker-seconds before a worker's first instruction
    gap_s        | float64 | s | worker-seconds idle while tasks remained unstarted
    tail_s       | float64 | s | worker-seconds idle after the last task was started
    useful_s     | float64 | s | worker-seconds inside tasks
    cpu_s        | float64 | s | CPU time of all tasks
    computing_s  | float64 | s | of useful_s, computing: min of CPU and wall time; empty if unknown
    tasks        | int64   |   | tasks in the input set
""")
    + COUNTS
    + _columns("""
    answers_agree | boolean |  | every result equals the sequential run's; empty if not known
    answers_close | boolean |  | or differs by a billionth at most, in floats; empty if not known
    answers_note | str     |   | which answers differ, or why some can't be compared
    lost_workers | int64   |   | workers for which there was no room in the trace table
    left_behind  | int64   |   | processes that still ran when the program was done
    watched_s    | float64 | s | how long the CPUs were watched: the host's start to the run's end
    others_s     | float64 | s | CPU time that the machine meanwhile spent on anything but the run
    throttled_s  | float64 | s | how long cgroups kept processes from the CPUs, over all CPUs
    cpu_model    | str     |   | the processor
    clock_mhz    | float64 | MHz | of the CPUs on average when the run began
    cpus         | Int64   |   | of the machine
    usable_cpus  | float64 |   | affinity and cgroup quota respected
    load         | float64 |   | load average over one minute when the run began
    python       | str     |   | implementation and version
    gil          | boolean |   | whether the interpreter has its lock
    platform     | str     |   | operating system
    versions     | str     |   | JSON: packages and their versions
    workload_hash | str    |   | of the function's code
    seed         | Int64   |   | of the study's order
    round        | Int64   |   | round of the study, from 0
    order        | Int64   |   | place of the run in the study, from 0
    started_at   | str     |   | UTC, ISO 8601
""")
)

INTERVALS = _columns("""
    worker | int64   |   | lane, from 0
    kind   | str     |   | startup, task, gap, tail, end
    start_s | float64 | s | since the mechanism was called
    end_s  | float64 | s | since the mechanism was called
    task   | Int64   |   | the task, where kind is task
""")

CELLS = (
    _columns("""
    python       | str     |   | implementation and version
    start_method | str     |   | fork, spawn, forkserver
    mechanism    | str     |   | how tasks reach workers
    fault        | str     |   | what went wrong in the chosen tasks
    seen         | str     |   | what a program would have seen
    lost         | int64   |   | tasks whose result never came
    raised       | str     |   | what the call raised; empty if it did not
    after_s      | float64 | s | from the call to its last result, its exception or the cut
    timeout_s    | float64 | s | the deadline
    gone_s       | float64 | s | from the call until every process was gone
    left_behind  | int64   |   | processes that still ran when the program was done
    tasks        | int64   |   | tasks in all
""")
    + COUNTS
    + _columns("""
    sentence     | str     |   | what was seen, in words with numbers
    safer        | str     |   | the safer way to write it
""")
)

CONFIGURATIONS = _columns("""
    workload     | str     |   | name of the function
    input_set    | str     |   | name of the input set
    mechanism    | str     |   | how tasks reach workers
    start_method | str     |   | fork, spawn, forkserver; empty where it means nothing
    workers      | int64   |   | workers asked for
    chunk_size   | int64   |   | tasks handed over at once
    rounds       | int64   |   | runs in which every task ended well
    failed       | int64   |   | runs in which some did not
    verdict      | str     |   | best, tie, slower, open (more rounds needed), one look, failed
    ratio        | float64 |   | its makespan over the best configuration's
    ratio_low    | float64 |   | the interval that the verdict follows from
    ratio_high   | float64 |   | the interval that the verdict follows from
    more_rounds  | Int64   |   | that would probably decide; 0 if decided, empty if unknown
    speedup      | float64 |   | sequential makespan over its own, paired by round
    speedup_low  | float64 |   | 95 % interval
    speedup_high | float64 |   | 95 % interval
    efficiency   | float64 |   | speedup / workers
    makespan_s   | float64 | s | median
    warm_s       | float64 | s | median of the makespan less the start-up of workers, startup_s / n
    load_balance | float64 |   | median
    communication_efficiency | float64 | | median
    parallel_efficiency | float64 | | median
    computation_scaling | float64 | | median
    global_efficiency | float64 | | median
    serial_fraction | float64 | | Karp-Flatt metric of the speedup
    others_share | float64 |   | median of the CPU time that others took, over all of the machine's
""")

TABLES = {"tasks": TASKS, "workers": WORKERS, "runs": RUNS}  # by the names of their files
