"""A study as a zip of CSV files and what it is about. Knows no widget."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from mpviz.studies.study import Study


def study_zip(study: Study) -> bytes:
    """Zip what `Study.to_csv` writes; `mpviz.read_study` reads it when unpacked."""
    file = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="mpviz-") as folder:
        study.to_csv(folder)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)
    return file.getvalue()
