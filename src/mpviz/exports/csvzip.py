"""Runs as a zip of CSV files. Knows no widget."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import pandas as pd

from mpviz.analysis.csvfiles import csv_text
from mpviz.analysis.trace import Trace
from mpviz.core.schema import TABLES


def csv_zip(traces: Sequence[Trace]) -> bytes:
    """Write runs, at least one, as a zip of tasks.csv, workers.csv and runs.csv."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in TABLES:
            table = pd.concat([getattr(trace, name) for trace in traces], ignore_index=True)
            archive.writestr(f"{name}.csv", csv_text(table))
    return file.getvalue()
