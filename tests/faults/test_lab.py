"""The fault lab: what is seen is judged right, streams in, can be cancelled, and is told well."""

import dataclasses
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mpviz.core import schema
from mpviz.core.errors import Refused
from mpviz.core.plan import Plan
from mpviz.engine import runner
from mpviz.faults import FAULTS
from mpviz.faults.lab import (
    MECHANISMS_TESTED,
    Cell,
    Seen,
    cells,
    committed,
    differing,
    frame,
    to_csv,
)
from mpviz.faults.lab.advice import advice
from mpviz.faults.lab.committed import read, this_python, write
from mpviz.faults.lab.reasons import reason
from mpviz.faults.lab.report import MARKS, in_full, legend, line, plain, summary, table, well
from mpviz.mechanisms import MECHANISMS

ROOT = Path(__file__).parents[2]


def one(mechanism: str, fault: str, **settings: object) -> Cell:
    (cell,) = cells([mechanism], [fault], **settings)
    return cell


@pytest.fixture(scope="module")
def several() -> list[Cell]:
    return list(cells(["sequential", "threads", "pipe", "executor.submit"], ["sigkill", "raises"]))


def lie(number: int) -> int:
    return 10 * number + (number == 5)


def test_every_mechanism_is_tested() -> None:
    assert tuple(MECHANISMS) == MECHANISMS_TESTED


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"mechanisms": ["nothing"]}, "There is no mechanism 'nothing'"),
        ({"faults": ["nothing"]}, "There is no fault 'nothing'; there are raises, "),
        ({"start_method": "nothing"}, "There is no start method 'nothing'"),
        ({"timeout": 0}, "timeout must be above 0"),
    ],
)
def test_the_impossible_is_refused_before_anything_is_started(
    arguments: dict[str, object], sentence: str
) -> None:
    started: list[Plan] = []
    with pytest.raises(Refused) as refused:
        cells(**arguments, start=started.append)
    assert str(refused.value).startswith(sentence)
    assert not started


def test_a_call_that_raises_says_what_and_after_how_long(several: list[Cell]) -> None:
    (cell,) = (c for c in several if (c.mechanism, c.fault) == ("executor.submit", "raises"))
    assert cell.seen is Seen.RAISED
    assert cell.raised == "ZeroDivisionError: division by zero"
    assert 0 < cell.after_s < 3
    assert "The call raised ZeroDivisionError: division by zero after " in cell.sentence
    assert "1 error" in cell.sentence


def test_what_is_lost_without_a_word_is_counted(several: list[Cell]) -> None:
    (cell,) = (c for c in several if (c.mechanism, c.fault) == ("pipe", "sigkill"))
    assert (cell.seen, cell.lost) == (Seen.LOST, 1)
    assert "1 of 8 results never came" in cell.sentence
    assert cell.sentence.endswith("Tasks: 7 ok, 1 died.")


@pytest.mark.parametrize("mechanism", ["sequential", "threads"])
def test_where_the_tasks_run_in_the_program_it_dies_with_them(
    several: list[Cell], mechanism: str
) -> None:
    (cell,) = (c for c in several if (c.mechanism, c.fault) == (mechanism, "sigkill"))
    assert cell.seen is Seen.DIED
    assert "SIGKILL" in cell.sentence


def test_a_hang_ends_at_the_deadline_and_says_why_it_would_wait_for_ever() -> None:
    cell = one("pool.map", "sigkill", timeout=1.5)
    assert (cell.seen, cell.lost) == (Seen.HUNG, 8)
    assert 1.5 <= cell.after_s < 2.5
    assert -0.1 < cell.over_s < 1
    assert "nobody runs the lost task again: it would wait for ever" in cell.sentence
    assert "Tasks: 1 died, 7 timeout." in cell.sentence
    assert "BrokenProcessPool" in cell.safer
    assert "ProcessPoolExecutor" in cell.safer_code


def test_a_polite_end_in_a_task_says_that_the_program_ends_as_if_all_were_well() -> None:
    cell = one("executor.map", "sys.exit")
    assert (cell.seen, cell.raised) == (Seen.RAISED, "SystemExit: 0")
    assert "silently, with status 0" in cell.sentence


def test_a_process_that_is_left_behind_is_counted_and_gone_with_the_run() -> None:
    cell = one("process", "grandchild")
    assert (cell.seen, cell.left_behind, cell.lost) == (Seen.LEFT, 1, 0)
    assert "1 process was left behind" in cell.sentence


def test_who_eats_memory_is_ended_at_the_ceiling() -> None:
    cell = one("pipe", "memory")
    assert cell.seen is Seen.MEMORY
    assert "memory ceiling of 256 MiB" in cell.sentence


def test_where_all_goes_well_there_is_nothing_to_make_safer() -> None:
    cell = one("threads", "bad_result")
    assert (cell.seen, cell.lost, cell.safer, cell.safer_code) == (Seen.RIGHT, 0, "", "")
    assert cell.sentence.startswith("The call gave all 8 right answers in ")


def test_answers_are_compared_with_what_they_should_be() -> None:
    cell = one(
        "pipe",
        "raises",
        start=lambda plan: runner.start(dataclasses.replace(plan, function=lie)),
    )
    assert cell.seen is Seen.WRONG
    assert "and 2 answers are wrong" in cell.sentence  # the liar's, and where a fault should be


def test_closing_the_stream_cancels_what_runs_and_waits_for_it() -> None:
    started: list[runner.Running] = []

    def start(plan: Plan) -> runner.Running:
        started.append(runner.start(plan))
        return started[-1]

    stream = cells(["pool.map"], ["raises", "sleep", "loop", "sigstop"], timeout=60, start=start)
    assert next(stream).fault == "raises"
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 5
    assert all(running.done for running in started)
    assert len(started) < 5


def test_a_cell_that_was_cancelled_from_outside_says_so() -> None:
    def start(plan: Plan) -> runner.Running:
        running = runner.start(plan)
        threading.Timer(0.5, running.cancel).start()
        return running

    cell = one("pool.map", "sleep", start=start)
    assert cell.seen is Seen.CANCELLED
    assert not cell.safer
    assert cell.accounted


def test_a_start_that_is_refused_ends_the_stream_and_the_rest() -> None:
    started: list[runner.Running] = []

    def start(plan: Plan) -> runner.Running:
        if started:
            raise Refused("Enough.")
        started.append(runner.start(plan))
        return started[0]

    stream = cells(["pool.map"], ["sleep", "loop"], timeout=60, start=start)
    with pytest.raises(Refused, match="Enough"):
        next(stream)
    assert started[0].done


def test_the_frame_has_a_row_a_cell_and_its_columns_when_it_is_empty(
    several: list[Cell], tmp_path: Path
) -> None:
    whole = frame(several)
    assert list(whole.columns) == [column.name for column in schema.CELLS]
    assert list(frame([]).dtypes) == list(whole.dtypes)
    assert list(whole["seen"]) == [cell.seen.value for cell in several]
    kinds = ["ok", "error", "died", "timeout", "cancelled", "missing"]
    assert (whole[kinds].sum(axis=1) == whole["tasks"]).all()
    to_csv(tmp_path / "out", several)
    assert len((tmp_path / "out" / "faults.csv").read_text().splitlines()) == 1 + len(several)
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="can't be written"):
        to_csv(tmp_path / "file", several)


def test_the_timeline_of_a_cell_can_be_drawn(several: list[Cell]) -> None:
    assert several[0].trace.timeline() is not None


def everything() -> Iterator[tuple[str, str, Seen]]:
    for (_, _, mechanism, fault), outcomes in committed().items():
        for seen in outcomes:
            yield mechanism, fault, seen


def test_whatever_went_wrong_has_its_advice_in_words_and_in_code_that_compiles() -> None:
    for mechanism, fault, seen in set(everything()):
        text, code = advice(mechanism, fault, seen)
        assert bool(text) == bool(code) == (seen is not Seen.RIGHT), (mechanism, fault)
        compile(code, fault, "exec")


def test_where_a_mechanism_can_not_deliver_the_sentence_says_why() -> None:
    silent = {Seen.HUNG, Seen.LOST, Seen.DIED}
    without = {
        (mechanism, fault, seen)
        for mechanism, fault, seen in everything()
        if seen in silent and not reason(mechanism, fault, seen)
    }
    assert without == set()


SAFER = """
from mpviz.faults.lab.safer import *
from mpviz.faults import FAULTS
from mpviz.faults.tasks import MIB

def work(name):
    return FAULTS[name].workload

def raised(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return type(error).__name__

if __name__ == "__main__":
    for name in ("os._exit", "sigkill", "segfault"):
        results, undone = notice_deaths(work(name), range(8))
        assert 2 in undone and sorted([*results, *undone]) == list(range(8)), name
    assert call_within(5, work("raises"), 3) == 30
    for name in ("loop", "sleep", "sigstop"):
        assert raised(call_within, 0.3, work(name), 2) == "TimeoutError", name
    for name in ("os._exit", "sigkill", "segfault", "sys.exit", "raises", "bad_result"):
        assert raised(call_within, 5, work(name), 2) == "EOFError", name
    assert raised(call_within, 5, work("killed_sending"), 2) == "OSError"
    assert len(call_within(20, work("big_result"), 2)) == 64 * MIB
    assert attempt(work("raises"), 3) == (True, pickle.dumps(30))
    for name in ("raises", "bad_exception", "bad_result", "sys.exit", "interrupt"):
        well, text = attempt(work(name), 2)
        assert not well and text.startswith("Traceback"), name
    path = leave_in_file(work("big_results"), 2, sys.argv[1])
    assert len(pickle.loads(path.read_bytes())) == MIB
    (path.parent / "named").write_text("seven b")
    assert name_of(path.parent / "named") == 7
    assert run_and_end(["true"], 5) == 0
    assert raised(run_and_end, ["sh", "-c", "sleep 60 & sleep 60"], 0.2) == "TimeoutExpired"
    assert raised(pool_with_limit, work("memory"), range(8), 256 * MIB) == "MemoryError"
    print("all well")
"""


def test_each_safer_way_survives_what_it_is_said_to(tmp_path: Path) -> None:
    program = tmp_path / "safer_ways.py"
    program.write_text("import pickle, sys\n" + SAFER)
    done = subprocess.run(
        [sys.executable, program, tmp_path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "all well\n", done.stderr


def test_a_cell_that_differs_from_the_matrix_is_named_and_others_are_not(
    several: list[Cell], tmp_path: Path
) -> None:
    right = {
        (this_python(), cell.start_method, cell.mechanism, cell.fault): frozenset({cell.seen})
        for cell in several
    }
    assert differing(several, right) == {}
    assert differing(several, {}) == {}
    first = next(iter(right))
    wrong = right | {first: frozenset({Seen.HUNG, Seen.WRONG})}
    assert differing(several, wrong) == {first: wrong[first]}
    write(tmp_path / "matrix.csv", wrong)
    assert read(tmp_path / "matrix.csv") == wrong


def test_the_report_is_legible_in_80_columns(several: list[Cell]) -> None:
    whole = [
        dataclasses.replace(several[0], mechanism=mechanism, fault=fault, seen=seen)
        for number, mechanism in enumerate(MECHANISMS)
        for fault in FAULTS
        for seen in [list(Seen)[number % len(Seen)]]
    ]
    differs = differing(several, {(this_python(), "fork", "pipe", "raises"): frozenset()})
    text = "\n".join([plain(table(whole, differs)), legend(whole, differs)])
    assert max(len(row) for row in text.splitlines()) <= 80
    assert len(table(whole)) == 1 + len(MECHANISMS)
    for seen in Seen:
        assert f"{MARKS[seen]} {seen}" in text
    assert "* not as committed" in text
    assert "17 memory" in text
    for cell in several:
        assert len(line(cell)) <= 80


def test_the_summary_counts_and_a_cell_that_is_late_is_not_well(several: list[Cell]) -> None:
    assert well(several)
    told = " ".join(summary(several, 10, {}).split())
    assert told.startswith("8 of 10 cells: ")
    assert "2 the program died" in told
    late = dataclasses.replace(several[0], gone_s=99.0)
    assert not well([late])
    assert "1 went on for over 1 s past their deadline" in summary([late], 1, {}).replace("\n", " ")


def test_one_cell_is_told_in_full(several: list[Cell]) -> None:
    (cell,) = (c for c in several if (c.mechanism, c.fault) == ("pipe", "sigkill"))
    told = in_full(cell)
    assert cell.sentence in told
    assert cell.safer in told
    assert cell.safer_code.rstrip() in told


def test_the_committed_matrix_is_whole() -> None:
    pythons = {key[0] for key in committed()}
    assert pythons == {"3.11", "3.12", "3.13", "3.14", "3.15"}
    assert list(committed()) == [
        (python, method, mechanism, fault)
        for python in sorted(pythons)
        for method in ("fork", "spawn", "forkserver")
        for mechanism in MECHANISMS
        for fault in FAULTS
    ]


TOOL = """
import sys
sys.path.insert(0, "tools")
from matrix import FILE, document, read
sys.stdout.buffer.write(document(read(FILE)).encode())
"""


def test_the_document_is_what_the_tool_makes_of_the_matrix() -> None:
    made = subprocess.run(
        [sys.executable, "-c", TOOL], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    assert made == (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")


UNLIKE = """
import sys
sys.path.insert(0, "tools")
from matrix import FILE, Seen, document, read
alike = dict(read(FILE))
unlike = alike | {("3.13", "fork", "sequential", "raises"): frozenset({Seen.HUNG})}
for matrix in (alike, unlike):
    text = document(matrix)
    print("no cell differs" in text, "R (3.11, 3.12" in text, "H (3.13)" in text)
"""


def test_the_document_names_the_pythons_where_they_differ_and_says_so_where_they_do_not() -> None:
    told = subprocess.run(
        [sys.executable, "-c", UNLIKE], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert told == "True False False\nFalse True True\n"


def test_a_cell_that_still_moves_at_its_deadline_is_run_again_with_more_time() -> None:
    deadlines: list[float] = []

    def start(plan: Plan) -> runner.Running:
        deadlines.append(plan.timeout)
        hasty = plan.timeout == 3  # cut in the midst of its eight tasks of 20 ms
        return runner.start(dataclasses.replace(plan, timeout=0.1) if hasty else plan)

    (cell,) = cells(["sequential"], ["bad_result"], start=start)
    assert (cell.seen, deadlines) == (Seen.RIGHT, [3, 9])
    deadlines.clear()
    (cell,) = cells(["sequential"], ["bad_result"], timeout=0.1, start=start)
    assert (cell.seen, deadlines) == (Seen.HUNG, [0.1])
