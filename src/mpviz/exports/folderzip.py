"""A folder of an export as a zip, and back. Knows no widget.

A zip may come from anyone: only files of ours are taken out of it, each up to a size.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from pathlib import Path

from mpviz.core.errors import Refused
from mpviz.core.text import quoted, size
from mpviz.studies.history import LABEL, RUN_FILES
from mpviz.studies.keeping import FILES

OURS = (*dict.fromkeys((*RUN_FILES, *FILES)), LABEL)
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError, IndexError),
)
LARGEST = 64 * 2**20  # bytes of all that is taken out of a zip


def folder_zip(folder: Path) -> bytes:
    """The files of a folder, as a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            if part.name in OURS:
                archive.write(part, part.name)
    return file.getvalue()


def unzip(data: bytes, folder: Path) -> None:
    """Take our files out of a zip, into a folder that is there.

    Raises
    ------
    Refused
        When it is no zip, holds no file of ours, or too much.
    """
    left = LARGEST
    found = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                name = entry.filename.rsplit("/", 1)[-1]
                if name not in OURS or entry.is_dir():
                    continue
                with archive.open(entry) as part:
                    text = part.read(left + 1)
                left -= len(text)
                if left < 0:
                    raise Refused(f"The zip holds more than {size(LARGEST)}.")
                (folder / name).write_bytes(text)
                found += 1
    except Refused:
        raise
    except UNREADABLE as error:
        raise Refused(f"The file is no zip that can be read: {quoted(str(error))}.") from error
    if not found:
        raise Refused("The zip holds no run and no study of mpviz.")
