"""The lesson as a notebook: it runs from top to bottom in a real kernel."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from mpviz.experiments.catalogue import EXPERIMENTS
from tests.experiments.conftest import QUICK
from tests.sampling import FULL, TENTH

NOTEBOOK = Path(__file__).parents[1] / "examples" / "lesson.ipynb"
# A sample runs the same cells with less to do.
PRIMES = 'mpviz.input_set("prime_mixture")'
LESS = {PRIMES: repr(TENTH)} | {
    f'EXPERIMENTS["{name}"].run()': f'EXPERIMENTS["{name}"].run(**{QUICK.get(name, {})})'
    for name in EXPERIMENTS
}


@pytest.mark.process
@pytest.mark.timeout(400)
@pytest.mark.filterwarnings("default")  # a Jupyter client warns of its own event loop
def test_the_notebook_runs_and_every_cell_that_shows_shows(tmp_path: Path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(any(whole in cell.source for cell in cells) for whole in LESS)
    if not FULL:
        for whole, less in LESS.items():
            for cell in cells:
                cell.source = cell.source.replace(whole, less)
    NotebookClient(notebook, timeout=200, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for cell in cells[1:]:
        assert cell.outputs, cell.source
        assert not any(output.output_type == "error" for output in cell.outputs)


def test_the_notebook_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
