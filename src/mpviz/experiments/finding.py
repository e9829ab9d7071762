"""What an experiment is, and what it finds. Knows no experiment, no process and no chart."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpviz.engine import turns
from mpviz.mechanisms import MECHANISMS

if TYPE_CHECKING:
    import pandas as pd
    from bokeh.plotting import figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found.

    Parameters
    ----------
    frame
        What was measured, in plain dtypes; times in seconds.
    sentence
        What it shows, in words with this machine's numbers.
    printed
        What the processes printed, line by line.
    draw
        Makes the Bokeh figure.
    """

    frame: pd.DataFrame
    sentence: str
    printed: tuple[str, ...] = ()
    draw: Callable[[], figure]


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment to choose by name.

    Its function blocks until it has found something or can't. Besides keywords of its own it takes,
    as every experiment's does:

    timeout
        The deadline of the whole experiment, in seconds.
    start
        Starts each run: ``runner.start``, or a function that also keeps the run, to cancel it.

    Parameters
    ----------
    name, title
        Its key and its heading.
    about
        What it will do and roughly how long it takes, in one sentence.
    function
        Gives a `Finding`, or raises `mpviz.Failed` when it could not measure, `mpviz.Cancelled`
        when it was cancelled. Whoever calls it has the machine's turn; `run` waits for it.
    shows
        The code that it runs: functions, or names of mechanisms.
    """

    name: str
    title: str
    about: str
    function: Callable[..., Finding]
    shows: tuple[Callable[..., Any] | str, ...]

    def run(self, **options: Any) -> Finding:
        """Run it when this machine measures nothing else; say on stderr that it waits.

        Parameters
        ----------
        **options
            Keywords of `function`.

        Raises
        ------
        mpviz.Refused
            When this thread is in the middle of an experiment.
        mpviz.Failed, mpviz.Cancelled
            When it could not measure, and when it was cancelled.
        """
        with turns.turn():
            return self.function(**options)

    @property
    def source(self) -> str:
        """The code that is run."""
        return "\n\n".join(
            MECHANISMS[one].source if isinstance(one, str) else inspect.getsource(one)
            for one in self.shows
        )
