"""Every notebook runs from top to bottom, uses public names only, and is kept as it ran."""

import ast
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "examples"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PACKAGES = {"matcalc", "gaussian"}
notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])


def read(path):
    return nbformat.read(str(path), as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def run(notebook):
    resources = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()


def private_imports(source):
    """What a cell imports from the packages that is not public: not in `__all__`, or with an underscore."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] in PACKAGES:
            module = import_module(node.module)
            public = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
            inner = node.module.count("._") > 0
            yield from (alias.name for alias in node.names if inner or alias.name not in public)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            yield node.attr


@notebooks
def test_it_runs(path):
    run(read(path))


@notebooks
def test_it_uses_public_names_only(path):
    assert not [name for cell in code_cells(read(path)) for name in private_imports(cell.source)]


@notebooks
def test_it_is_kept_as_it_ran(path):
    notebook = read(path)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run all cells, then save"
    assert not [cell for cell in notebook.cells if cell.metadata], "clear the cells' metadata"
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [word for word in ("/home/", "/root/", "/tmp/", "Users\\") if word in str(outputs)]


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_an_error_in_a_notebook_is_seen():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("raise ValueError")])
    with pytest.raises(Exception, match="ValueError"):
        run(notebook)


@pytest.mark.parametrize(
    "source", ["from matcalc import hidden", "from matcalc.catalogue import _load", "import matcalc\nmatcalc._x"]
)
def test_a_private_name_is_seen(source):
    assert list(private_imports(source))
