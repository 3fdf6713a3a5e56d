"""Dependencies point one way: a module imports only from those that stand before it."""

import ast
from pathlib import Path

import pytest

import matcalc

ROOT = Path(matcalc.__file__).parent

ORDER = [
    "errors", "lazy", "structure", "vectorisation", "gradient", "shape", "syntax", "plain", "latex_tokens",
    "latex_syntax", "statements", "expr", "algebra", "shortcuts", "factoring", "triangles", "simplification", "facts",
    "text", "latex", "python_text", "inference", "building", "scope", "beside", "arrays", "matrix_functions", "kernels",
    "chains", "factorisation", "products", "evaluate", "functions", "differential", "transpose", "sampling",
    "oracle", "noise", "jets", "exact_evaluation", "exact", "blackbox", "form", "formulation", "comparison",
    "derivative", "diagnosis", "meaning", "integrals", "entries", "measured", "sized", "assumptions", "closed",
    "sums", "problem", "counterexample", "precision", "limits", "verdict", "sources", "indices", "proof", "records",
    "equalities", "catalogue", "identities", "inequalities", "stationarity", "misprints", "totals", "judgement",
    "glossary", "slips", "macros", "document", "batch", "steps", "derivations", "proofreading", "testing",
    "report", "cli",
]  # fmt: skip

# Imports inside functions that point forward: an operator or a printed form needs what is built on its node, and the
# command line's parts are loaded when they are called for.
LATE = {
    ("expr", "algebra"),
    ("expr", "text"),
    ("expr", "latex"),
    ("algebra", "text"),
    ("algebra", "shortcuts"),
}


def imports(path: Path) -> list[tuple[str, bool]]:
    """The modules of this package that a file imports, and whether it does so inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {id(inner) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for inner in ast.walk(f)}
    types = {id(i) for f in ast.walk(tree) if isinstance(f, ast.If) and "TYPE_CHECKING" in ast.unparse(f.test)
             for i in ast.walk(f)}  # fmt: skip
    found = []
    for node in ast.walk(tree):
        if id(node) in types:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "matcalc":
            parts = node.module.split(".")[1:]
            names = [parts[0]] if parts else [alias.name for alias in node.names]
            found += [(name, id(node) in late) for name in names]
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


FILES = [p for p in sorted(ROOT.rglob("*.py")) if name_of(p) not in ("__init__", "__main__")]


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(ROOT)) for p in FILES])
def test_imports_point_one_way(path):
    here = name_of(path)
    back = [
        name
        for name, late in imports(path)
        if name != here and ORDER.index(name) > ORDER.index(here) and not (late and (here, name) in LATE)
    ]
    assert not back, f"{here} stands before {', '.join(back)}, and may not import it"


def test_every_module_has_its_place():
    assert {name_of(p) for p in FILES} <= set(ORDER)


def test_a_back_arrow_is_seen(tmp_path):
    bad = tmp_path / "shape.py"
    bad.write_text("from matcalc.verdict import check\n")
    assert imports(bad) == [("verdict", False)]


def imported_words(path: Path) -> set[str]:
    """Every word in the import statements of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    return {word for s in statements for word in s.replace(".", " ").split()}


def test_matcalc_does_not_know_gaussian():
    assert not [p for p in FILES if "gaussian" in imported_words(p)]
