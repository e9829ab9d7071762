"""A Bokeh figure in the browser, its columns as synced state. Knows no chart and no run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import bokeh
import numpy as np
import numpy.typing as npt
import traitlets
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure as Figure  # noqa: N812 - Bokeh's class has a small letter

from mpviz.page.widgets.base import BaseWidget
from mpviz.page.widgets.colours import THEMES
from mpviz.serving.limits import BOKEH_VARIABLE

HERE = Path(__file__).parent
DTYPES = ("float64", "float32", "int32", "uint32", "int16", "uint16", "int8", "uint8")

Values = npt.NDArray[Any] | Sequence[object]
Packed = dict[str, object] | list[str | None]


class FigureView(BaseWidget):
    """A Bokeh figure; each of its views, late ones too, shows it as it is now.

    Parameters
    ----------
    figure
        Shown at full width. Its data sources that have a name can be given new columns.
    label
        What a screen reader says in its place; may be set again.
    height
        CSS pixels, reserved from the start.

    Notes
    -----
    Axes, grid, legend and title take the colours of the page's theme, and change with it. All other
    colours stay as they were chosen.
    """

    _esm = HERE / "figure.js"

    label = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    figure = traitlets.Dict().tag(sync=True)
    columns = traitlets.Dict().tag(sync=True)
    themes = traitlets.Dict(THEMES).tag(sync=True)
    bokeh_version = traitlets.Unicode(bokeh.__version__).tag(sync=True)
    bokeh_address = traitlets.Unicode().tag(sync=True)  # where a server has BokehJS as a file

    @traitlets.default("bokeh_address")
    def _bokeh_on_server(self) -> str:
        return os.environ.get(BOKEH_VARIABLE, "")

    def __init__(self, figure: Figure, *, label: str, height: int) -> None:
        document, columns = _state(figure)
        super().__init__(label=label, height=height, figure=document, columns=columns)

    def show(self, figure: Figure) -> None:
        """Replace the whole figure, its columns included."""
        with self.hold_sync():
            self.figure, self.columns = _state(figure)

    def set_columns(self, columns: Mapping[str, Mapping[str, Values]]) -> None:
        """Replace columns of named sources, in one message; the others stay.

        Parameters
        ----------
        columns
            Values by source and column: numeric arrays (fast) or lists of text.

        Raises
        ------
        KeyError
            The figure has no source of that name.
        ValueError
            The columns of a source would differ in length.
        """
        merged = dict(self.columns)
        for source, new in columns.items():
            if source not in merged:
                raise KeyError(f"no source named {source!r}; there are {sorted(merged)}")
            merged[source] = merged[source] | _packed(new)
            _check_lengths(source, merged[source])
        self.columns = merged

    def handle_message(self, content: dict[str, object]) -> None:
        """Send BokehJS to a page that has no other way to get it."""
        if content.get("type") == "bokehjs" and not self.bokeh_address:
            self.send({"type": "bokehjs"}, [_bokehjs()])


@cache
def _bokehjs() -> bytes:
    return (Path(bokeh.__file__).parent / "server/static/js/bokeh.min.js").read_bytes()


def _state(figure: Figure) -> tuple[dict[str, Any], dict[str, dict[str, Packed]]]:
    """The figure's JSON without the columns of its named sources, and those columns."""
    columns: dict[str, dict[str, Packed]] = {}
    for source in figure.select({"type": ColumnDataSource}):
        if not isinstance(source, ColumnDataSource) or not source.name:
            continue
        if source.name in columns:
            raise ValueError(f"two sources are named {source.name!r}")
        # It is a dict when read; the stub also names what may be assigned.
        columns[source.name] = _packed(source.data)  # type: ignore[arg-type]
        _check_lengths(source.name, columns[source.name])
    holder = Document(title="")
    holder.add_root(figure)
    document: dict[str, Any] = dict(holder.to_json(deferred=False))
    holder.clear()
    _drop_data(document, columns)
    return document, columns


def _drop_data(node: object, columns: Mapping[str, Mapping[str, Packed]]) -> None:
    """Empty the named columns; the names stay, since Bokeh looks for them at once."""
    if isinstance(node, dict):
        attributes = node.get("attributes", {})
        if node.get("name") == "ColumnDataSource" and attributes.get("name") in columns:
            empty = [[column, []] for column in columns[attributes["name"]]]
            attributes["data"] = {"type": "map", "entries": empty}
        for child in node.values():
            _drop_data(child, columns)
    elif isinstance(node, list | tuple):
        for child in node:
            _drop_data(child, columns)


def _packed(columns: Mapping[Any, Any]) -> dict[str, Packed]:
    return {str(name): _pack(values) for name, values in columns.items()}


def _pack(values: Values) -> Packed:
    array = np.asarray(values)
    if array.ndim != 1:
        raise TypeError(f"a column has one dimension, not {array.ndim}")
    if array.dtype.kind == "b":
        array = array.astype("uint8")
    elif array.dtype.kind in "Mm":
        array = array.astype(f"{array.dtype.kind}8[ms]").astype("float64")  # Bokeh's unit
    elif array.dtype.kind not in "iuf":
        return [None if value is None else str(value) for value in array.tolist()]
    if array.dtype.name not in DTYPES:
        array = array.astype("float64")  # JavaScript has no plain 64-bit integers
    return {"dtype": array.dtype.name, "data": np.ascontiguousarray(array).tobytes()}


def _check_lengths(source: str, columns: Mapping[str, Packed]) -> None:
    lengths = {name: _length(packed) for name, packed in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns of {source!r} differ in length: {lengths}")


def _length(packed: Packed) -> int:
    if isinstance(packed, list):
        return len(packed)
    data, dtype = packed["data"], packed["dtype"]
    assert isinstance(data, bytes)
    assert isinstance(dtype, str)
    return len(data) // np.dtype(dtype).itemsize
