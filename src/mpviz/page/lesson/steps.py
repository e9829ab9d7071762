"""The lesson's steps in order: what each runs and what to see in it.

Plain data: knows no run and no page. It names nothing that is measured: that comes from the run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What the controls are set to before a run; names as in a plan.

    The start method is fork, whatever this Python's own default is, so that the runs of a step show
    the same on every Python. Experiments use the default, unless they say otherwise.
    """

    mechanism: str = "pool.map"
    workers: int = 2
    input_set: str = "prime_mixture"
    chunk_size: int = 1
    start_method: str = "fork"
    workload: str = "is_prime"


@dataclass(frozen=True, slots=True)
class Action:
    """What a step's button does: runs, one after the other, or an experiment.

    Attributes
    ----------
    label
        On the button.
    runs
        The settings of each run.
    compare
        Run every mechanism, with the last of those settings, instead.
    experiment
        A key of ``EXPERIMENTS``; empty where there are runs.
    """

    label: str
    runs: tuple[Settings, ...] = ()
    compare: bool = False
    experiment: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the lesson.

    Attributes
    ----------
    title
        Its heading.
    before
        What it runs, and what to notice.
    actions
        One for each button; the first is the main one.
    after
        What was to be seen.
    question, answer
        Asked before and after; answered on request.
    without_gil
        What to add to `after` on a Python that runs without the GIL.
    """

    title: str
    before: str
    actions: tuple[Action, ...]
    after: str
    question: str
    answer: str
    without_gil: str = ""


LESSON: tuple[Step, ...] = (
    Step(
        title="Hello",
        before=(
            "A process is a program of its own: its own memory, its own Python, a number that the "
            "system gave it. One process with a name is created, started, joined and closed. "
            "Notice how long it takes from start() to its first instruction."
        ),
        actions=(Action("Say hello from a process", experiment="hello"),),
        after=(
            "The line was printed by another process, under the name it was given. start() only "
            "asks for the process; join() waits for its end; close() gives back what the parent "
            "still holds of it."
        ),
        question="What would change without join()?",
        answer=(
            "The parent would go straight on, perhaps before the child has said anything. Python "
            "still waits for its children when the parent ends, but until someone joins it, a "
            "child that has ended stays in the system's table as a zombie."
        ),
    ),
    Step(
        title="The cost of a worker",
        before=(
            "A thread shares everything with its parent; a process gets a memory of its own. The "
            "same number of threads and of processes are started here, by each start method. "
            "Notice how far apart their times to the first instruction are."
        ),
        actions=(Action("Start threads and processes", experiment="worker_cost"),),
        after=(
            "Creating processes is slower than creating threads, and each holds memory of its own. "
            "fork copies the parent as it stands; spawn starts a fresh Python, which imports "
            "everything again; forkserver forks from a small process kept for that."
        ),
        question="When does the price of a process not matter?",
        answer=(
            "When each worker does far more work than its start has cost. A Pool sees to that: it "
            "starts its workers once and hands them task after task."
        ),
    ),
    Step(
        title="Nothing is shared",
        before=(
            "Workers put their results into a dict of the parent: as threads, as processes, and "
            "through a Queue, a Pipe, a Manager and shared memory. Notice what the parent finds in "
            "it afterwards."
        ),
        actions=(Action("Fill a dict in several ways", experiment="nothing_shared"),),
        after=(
            "A thread writes into the parent's dict; a process writes into a copy, which is gone "
            "when the process ends. Whatever is to come back must be sent, and each way of sending "
            "it has its price."
        ),
        question="Why does a plain dict stay empty in the parent, even under fork?",
        answer=(
            "fork gives the child a copy of the parent's memory as it was. From then on each "
            "writes into its own; the system shares a page only until one of them changes it."
        ),
    ),
    Step(
        title="Ten numbers, one process",
        before=(
            "Ten numbers, one process, one after the other. This is what every other mechanism is "
            "measured against. Notice how alike the bars are, and that one of the ten is too short "
            "to be seen."
        ),
        actions=(Action("Check ten numbers", runs=(Settings(mechanism="sequential", workers=1),)),),
        after=(
            "One lane, no gap: the process computed all the time, and the makespan is the sum of "
            "the tasks. Nine of the numbers are prime and cost every division; the even one is "
            "settled by the first."
        ),
        question="What is the shortest time that two workers could need?",
        answer=(
            "Half of it, if the work divides evenly and nothing is paid for dividing it. With more "
            "workers it can't become shorter than the longest single task."
        ),
    ),
    Step(
        title="Threads and the GIL",
        before=(
            "The same ten numbers, now by two threads. Both are at work at once. Notice how long "
            "each task takes now, and how the makespan compares with one process alone."
        ),
        actions=(
            Action("Run it with two threads", runs=(Settings(mechanism="threads"),)),
            Action("Watch the GIL at work", experiment="gil"),
        ),
        after=(
            "Both lanes are full, yet next to nothing was gained. The global interpreter lock, the "
            "GIL, lets one thread at a time run Python code; the other waits inside its task. "
            "Only a Python built without the GIL would show otherwise."
        ),
        question="For which tasks do threads pay, with the GIL?",
        answer=(
            "For tasks that wait: for the network, a disk, another program. A thread that waits "
            "lets go of the GIL. Choose the workload sleep and run threads again."
        ),
        without_gil=(
            "This Python runs without the GIL, so here the threads could compute at the same time; "
            "what is said above holds for a Python that has it."
        ),
    ),
    Step(
        title="A process for each number",
        before=(
            "As taught at first: one process for each number, all at once, which prints its answer "
            "and returns nothing. The worker control is switched off then, since there are as many "
            "processes as numbers. Notice what came back."
        ),
        actions=(
            Action("Start a process for each number", runs=(Settings(mechanism="process.lesson"),)),
            Action("The same, with results sent back", runs=(Settings(mechanism="process"),)),
        ),
        after=(
            "Processes have a GIL each, so they compute at the same time, as far as there are "
            "CPUs. Every answer was printed, see “Printed by the workers”, and none came back: "
            "the tasks are marked as lost. The second button runs it with a pipe for each process."
        ),
        question="Why not simply return the result?",
        answer=(
            "A Process has no place for a return value: its function runs in another memory and "
            "what it returns is dropped. A result needs a way home, a Queue or a Pipe; that is "
            "what the next steps are about."
        ),
        without_gil=(
            "This Python runs without the GIL, so here threads, too, can compute at the same time."
        ),
    ),
    Step(
        title="Queues",
        before=(
            "Consumers take numbers from one queue and put results into another. First as taught, "
            "where each consumer stops as soon as get_nowait() finds nothing; then repaired, with "
            "a blocking get() and one sentinel for each consumer."
        ),
        actions=(
            Action(
                "Run both queues",
                runs=(Settings(mechanism="queue.lesson"), Settings(mechanism="queue")),
            ),
            Action("Look for lost numbers", experiment="losing_queue"),
        ),
        after=(
            "Whoever is free takes the next number, so the lanes balance themselves. The first "
            "version may have lost numbers or not: it is a race, and a single run proves nothing. "
            "The second button repeats it often and counts."
        ),
        question="How can get_nowait() say that a full queue is empty?",
        answer=(
            "The numbers travel through a pipe, fed by a thread of the parent: just after put() "
            "they may not have arrived. And get_nowait() also says Empty when another consumer "
            "holds the lock for reading. A consumer that believes it goes home too early."
        ),
    ),
    Step(
        title="Pipes",
        before=(
            "First as taught: a process for each number, all writing to one end of one pipe, and "
            "a parent that reads as many messages as it started processes. Then a pipe for each "
            "worker. Notice that both give all answers, as long as nobody fails."
        ),
        actions=(
            Action(
                "Run both pipes",
                runs=(Settings(mechanism="pipe.lesson"), Settings(mechanism="pipe")),
            ),
            Action("Let one worker die", experiment="waiting_pipe"),
        ),
        after=(
            "With healthy workers both versions work. But counting messages is a promise that "
            "nobody dies: the second button kills one worker before it sends, and the parent waits "
            "for a message that will never come, until the deadline ends it."
        ),
        question="How could the parent notice that a worker is gone?",
        answer=(
            "With a pipe for each worker, whose far end only that worker holds: when it dies the "
            "system closes that end, and recv() raises EOFError instead of waiting for ever."
        ),
    ),
    Step(
        title="The pair",
        before=(
            "A Pool of four, two numbers, two calls of apply_async, two of get(). The call comes "
            "back at once with a promise; get() waits for what was promised. Notice how many of "
            "the four workers have something to do."
        ),
        actions=(
            Action("Send off a pair", experiment="pair"),
            Action("All ten with apply_async", runs=(Settings(mechanism="pool.apply_async"),)),
        ),
        after=(
            "Two tasks can keep two workers busy; the others were started for nothing. The time "
            "until both answers are in hand is that of the longer task, not the sum, as long as "
            "there are two CPUs."
        ),
        question="What happens if you call get() right after each apply_async()?",
        answer=(
            "Then each waits for its answer before the next is sent off, and everything runs one "
            "after the other: a Pool at the speed of a single process."
        ),
    ),
    Step(
        title="Pool.map and the order of arrival",
        before=(
            "A Pool of two and one line: pool.map(is_prime, numbers). When was each result "
            "computed, and when was it in your hand? Notice that these are two questions: the "
            "second button puts them to map, imap, imap_unordered and apply_async."
        ),
        actions=(
            Action("Run Pool.map", runs=(Settings(mechanism="pool.map"),)),
            Action("Compare the orders of arrival", experiment="arrival_order"),
        ),
        after=(
            "map gives back everything at once, in the order of the inputs, after the last task is "
            "done. imap hands over results in order as soon as it can, imap_unordered as they "
            "come; apply_async leaves it to you which result you wait for."
        ),
        question="Which one would you take to show progress?",
        answer=(
            "imap_unordered, if the order does not matter: every result is in hand when it is "
            "computed. With imap one slow task at the front holds back all the others."
        ),
    ),
    Step(
        title="Chunks and uneven tasks",
        before=(
            "A Pool hands over tasks in chunks. First, thousands of tiny tasks, one at a time and "
            "then a hundred at a time; then a set whose last tasks are long, in chunks of one and "
            "of five. Notice what large chunks save, and what they cost."
        ),
        actions=(
            Action(
                "Tiny tasks: chunks of 1, then 100",
                runs=(
                    Settings(input_set="tiny"),
                    Settings(input_set="tiny", chunk_size=100),
                ),
            ),
            Action(
                "Uneven tasks: chunks of 1, then 5",
                runs=(
                    Settings(input_set="skewed"),
                    Settings(input_set="skewed", chunk_size=5),
                ),
            ),
            Action("The longest first", runs=(Settings(input_set="longest_first"),)),
        ),
        after=(
            "Handing over a task has its price. For tiny tasks it is most of the time, and large "
            "chunks pay. For uneven tasks large chunks put the long ones into the same hands while "
            "the other worker has nothing left to do: the lane's end shows it."
        ),
        question="Which order of the tasks leaves the least idle time at the end?",
        answer=(
            "The longest first: what is left for the end is short, and short tasks fill the gaps. "
            "The third button runs it."
        ),
    ),
    Step(
        title="Pools and all the others: which one?",
        before=(
            "The lesson's headline in one press: the ten numbers through every mechanism with the "
            "same number of workers. Notice which family stays near one process alone and which "
            "comes near the ideal line."
        ),
        actions=(Action("Compare all mechanisms", runs=(Settings(),), compare=True),),
        after=(
            "Processes gain what the CPUs allow, whichever way the tasks travel; threads do not, "
            "with the GIL. For ten long tasks the mechanisms hardly differ in time. They differ in "
            "how much you have to write, and in what happens when something fails."
        ),
        question="So which one do you take?",
        answer=(
            "For a function over many inputs: Pool.map, or ProcessPoolExecutor.map, which also "
            "notices a worker that dies. Queues and pipes for workers that live long and talk. "
            "Threads for tasks that wait. And one process as long as the work is short."
        ),
        without_gil=("This Python runs without the GIL, so here threads can gain as processes do."),
    ),
)
