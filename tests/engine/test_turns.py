"""One experiment at a time on a machine, in order of arrival, whoever dies meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import mpviz
from mpviz.core.errors import Refused
from mpviz.engine import turns
from mpviz.engine.turns import Place
from mpviz.experiments.catalogue import EXPERIMENTS
from mpviz.experiments.finding import Experiment, Finding
from tests.waiting import until


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A line of its own for the test."""
    folder = tmp_path / "turns"
    monkeypatch.setenv("MPVIZ_TURNS", str(folder))
    return folder


def holder(then: str) -> subprocess.Popen[bytes]:
    """A process that has the turn and then does something; it has said so."""
    code = f"import os, time\nfrom mpviz.engine import turns\nplace = turns.wait()\n{then}\n"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"mine\n"
    process.stdout.close()
    return process


HOLDS = "print('mine', flush=True); time.sleep(60)"


@pytest.fixture
def held(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process has the turn."""
    process = holder(HOLDS)
    yield process
    process.kill()
    process.wait()


def test_the_first_has_its_turn_at_once_and_leaves_nothing(folder: Path) -> None:
    with Place() as place:
        assert place.ahead() == 0
        assert len(list(folder.iterdir())) == 1
    assert list(folder.iterdir()) == []


def test_whoever_waits_sees_how_many_are_ahead_and_moves_up(folder: Path) -> None:
    places = [Place() for _ in range(4)]
    assert [place.ahead() for place in places] == [0, 1, 2, 3]
    places[1].leave()
    assert [place.ahead() for place in places[2:]] == [1, 2]
    places[0].leave()
    assert [place.ahead() for place in places[2:]] == [0, 1]
    for place in places:
        place.leave()
        place.leave()  # once more does no harm
    assert list(folder.iterdir()) == []


def test_two_whose_tickets_crossed_are_never_both_at_work(folder: Path) -> None:
    early, late = Place(), Place()
    hidden = folder / f"away-{early.ticket}"
    (folder / early.ticket).rename(hidden)  # as if it were still on its way
    assert late.ahead() == 0
    hidden.rename(folder / early.ticket)
    assert early.ahead() == 1
    late.leave()
    assert early.ahead() == 0
    early.leave()


def test_one_in_another_process_is_waited_for_and_a_killed_one_is_not(
    held: subprocess.Popen[bytes], folder: Path
) -> None:
    with Place() as place:
        assert place.ahead() == 1
        held.kill()
        until(lambda: place.ahead() == 0)
    assert list(folder.iterdir()) == []


def test_one_that_was_stopped_still_has_its_turn(held: subprocess.Popen[bytes]) -> None:
    held.send_signal(signal.SIGSTOP)
    with Place() as place:
        assert place.ahead() == 1


def test_a_forked_child_does_not_live_on_in_its_parents_place(folder: Path) -> None:
    killed = holder(f"pid = os.fork()\nif not pid: time.sleep(60)\n{HOLDS}")
    try:
        with Place() as place:
            assert place.ahead() == 1
            children = Path(f"/proc/{killed.pid}/task/{killed.pid}/children").read_text()
            killed.kill()
            until(lambda: place.ahead() == 0)
            os.kill(int(children), 0)  # the child lives
    finally:
        killed.kill()
        killed.wait()
        os.kill(int(children), signal.SIGKILL)


def test_a_forked_child_can_not_give_its_parents_place_away(folder: Path) -> None:
    with Place() as place:
        assert place.ahead() == 0
        if not os.fork():
            place.leave()
            os._exit(0)
        os.wait()
        with Place() as other:
            assert other.ahead() == 1


def test_what_is_no_ticket_is_passed_over(folder: Path) -> None:
    folder.mkdir()
    early = "00000000000000000000-1-0"
    (folder / early).symlink_to("/dev/zero")
    os.mkfifo(folder / early.replace("-0", "-1"))
    (folder / early.replace("-0", "-2")).mkdir()
    (folder / "notes.txt").touch()
    with Place() as place:
        assert place.ahead() == 0
    assert len(list(folder.iterdir())) == 4


@pytest.mark.parametrize("broken", ["a file", "a link", "below a file", "full"])
def test_without_the_folder_experiments_run_without_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    folder = tmp_path / "turns"
    if broken == "a file":
        folder.touch()
    elif broken == "a link":
        folder.symlink_to(tmp_path)
    elif broken == "below a file":
        folder = Path("/dev/null/turns")
    else:
        folder = Path("/proc/self/fd")
    monkeypatch.setenv("MPVIZ_TURNS", str(folder))
    with Place() as one, Place() as two:
        assert one.ahead() == two.ahead() == 0
    with turns.turn(), turns.turn():
        pass


def test_a_thread_that_has_the_turn_is_told_so_rather_than_wait_for_itself(folder: Path) -> None:
    with turns.turn(), pytest.raises(Refused, match="under way here already"), turns.turn():
        pytest.fail("two at once")
    with turns.turn():
        pass


def test_threads_wait_for_each_other(folder: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def visit() -> None:
        with turns.turn(lambda _ahead: None):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=visit) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 5


def test_one_who_waits_is_told_once_for_each_change(
    held: subprocess.Popen[bytes], folder: Path
) -> None:
    told: list[int] = []
    second = Place()
    ended = threading.Timer(0.5, second.leave)
    killed = threading.Timer(1.2, held.kill)
    for timer in (ended, killed):
        timer.start()
    try:
        turns_taken = threading.Thread(target=lambda: turns.wait(told.append).leave())
        turns_taken.start()
        turns_taken.join(10)
    finally:
        ended.join()
        killed.join()
    assert told == [2, 1]
    assert list(folder.iterdir()) == []


def test_inside_a_run_there_is_no_waiting(
    held: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPVIZ_RUN", "mpviz-x")
    with turns.turn():
        pass


def test_a_run_from_python_waits_and_says_so(
    held: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    threading.Timer(0.5, held.kill).start()
    trace = mpviz.run(abs, [1, 2], mechanism="sequential")
    assert held.wait() == -signal.SIGKILL
    assert trace.summary["ok"] == 2
    assert capsys.readouterr().err == "mpviz: waiting; 1 experiment is ahead\n"


@pytest.fixture
def shell() -> Iterator[subprocess.Popen[str]]:
    """`mpviz run` on a terminal's terms, which what is started in the background is not."""
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", f"{heed}; from mpviz.cli.app import main; main()"),
            *("run", "busy", "--mechanism", "threads"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said == "mpviz: waiting; 1 experiment is ahead (Ctrl-C gives up)\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_run_from_the_shell_waits_and_says_so(
    held: subprocess.Popen[bytes], shell: subprocess.Popen[str], folder: Path
) -> None:
    held.kill()
    out, err = shell.communicate(timeout=20)
    assert (shell.returncode, err) == (0, "")
    assert out.startswith("2 threads (threads) took ")
    assert list(folder.iterdir()) == []


def test_ctrl_c_gives_up_waiting_and_leaves_nothing(
    held: subprocess.Popen[bytes], shell: subprocess.Popen[str], folder: Path
) -> None:
    shell.send_signal(signal.SIGINT)
    out, err = shell.communicate(timeout=20)
    assert (shell.returncode, out) == (1, "")
    assert err == "mpviz: gave up waiting; nothing was run.\n"
    assert len(list(folder.iterdir())) == 1


def test_an_experiment_from_python_has_the_turn(folder: Path) -> None:
    ahead: list[int] = []

    def look(*, n: int) -> Finding:
        with Place() as other:
            ahead.append(other.ahead())
        assert n == 7
        return "found"

    assert Experiment("look", "Look", "Looks.", look, ()).run(n=7) == "found"  # type: ignore[comparison-overlap]
    assert ahead == [1]
    assert list(folder.iterdir()) == []
    assert all(callable(one.run) for one in EXPERIMENTS.values())


@pytest.mark.parametrize(
    ("ahead", "words"), [(1, "1 experiment is ahead"), (2, "2 experiments are ahead")]
)
def test_how_many_are_ahead_is_said_in_words(ahead: int, words: str) -> None:
    assert turns.experiments(ahead) == words


def test_looks_are_rarer_far_back() -> None:
    assert [turns.pause(ahead) for ahead in (1, 2, 100)] == [0.2, 0.4, 1.0]
