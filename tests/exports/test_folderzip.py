"""A zip of an export, and back; of a zip from anyone only files of ours are taken."""

import io
import zipfile
from pathlib import Path

import pytest

from mpviz.core.errors import Refused
from mpviz.exports import folderzip
from mpviz.exports.folderzip import folder_zip, unzip


def zip_of(files: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


def test_there_and_back(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    for name in ("runs.csv", "tasks.csv", "label.txt", "own.txt"):
        (one / name).write_text(name)
    unzip(folder_zip(one), other)
    assert sorted(x.name for x in other.iterdir()) == ["label.txt", "runs.csv", "tasks.csv"]
    assert (other / "runs.csv").read_text() == "runs.csv"


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    unzip(zip_of({"../runs.csv": "a", "/etc/tasks.csv": "b", "../evil.csv": "c"}), inside)
    assert sorted(x.name for x in inside.iterdir()) == ["runs.csv", "tasks.csv"]
    assert list(tmp_path.iterdir()) == [inside]


@pytest.mark.parametrize("data", [b"", b"no zip", zip_of({})[:-4], zip_of({"x": "1"}), zip_of({})])
def test_what_is_no_zip_of_ours_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Refused, match="zip"):
        unzip(data, tmp_path)


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    good = bytearray(zip_of({"runs.csv": "abcdefgh" * 1000}))
    for at in range(30, len(good), 7):
        bad = good.copy()
        bad[at] ^= 0xFF
        try:
            unzip(bytes(bad), tmp_path)
        except Refused as error:
            assert "zip" in str(error)  # noqa: PT017 - some bytes mean nothing


def test_too_much_in_a_small_zip_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folderzip, "LARGEST", 1000)
    with pytest.raises(Refused, match="The zip holds more than"):
        unzip(zip_of({"runs.csv": "0" * 900, "tasks.csv": "0" * 101}), tmp_path)
