"""Dependencies point one way: a module imports only from those that stand before it."""

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest

import matcalc

ROOT = Path(matcalc.__file__).parent

# From the foundation up: the modules of the package and its own packages, each with its modules in their order.
HOUSE = {
    "errors": "", "lazy": "", "structure": "", "vectorisation": "", "gradient": "", "shape": "",
    "language": "syntax plain fonts latex_words latex_lexemes latex_tokens latex_syntax statements",
    "expression": "expr algebra shortcuts alike elementary factoring triangles neighbours diagonals simplification "
    "facts text latex python_text inference building scope beside",
    "evaluation": "arrays matrix_functions kernels chains factorisation membership products evaluate",
    "functions": "",
    "oracle": "sampling measurement noise rounding routes jets exact_evaluation exact vanishing blackbox comparison",
    "differentiation": "differential transpose form formulation",
    "derivative": "",
    "diagnosis": "tree case edits factors fit symbols structured assumptions search",
    "claims": "meaning unsized integrals variables entries measured sized assumptions closed sums problem "
    "counterexample precision limits faint hollow",
    "verdict": "", "sources": "", "indices": "", "proof": "", "records": "", "equalities": "", "catalogue": "",
    "identities": "", "inequalities": "", "stationarity": "",
    "batch": "",
    "documents": "misprints totals moved judgement lettering families glossary customs precedence wording premises "
    "slips macros document foresight steps context equality reasoning reader",
    "derivations": "", "proofreading": "", "testing": "", "report": "", "cli": "",
}  # fmt: skip
ORDER = [f"{name}.{room}" for name, rooms in HOUSE.items() for room in [*rooms.split(), ""]]

# Imports inside functions that point forward: an operator or a printed form needs what is built on its node.
LATE = {
    ("expression.expr", "expression.algebra"),
    ("expression.expr", "expression.text"),
    ("expression.expr", "expression.latex"),
    ("expression.algebra", "expression.text"),
    ("expression.algebra", "expression.shortcuts"),
}


def place(parts: Sequence[str]) -> str:
    """Where in the house a module, or what is imported by such a path, belongs."""
    room = parts[1] if len(parts) > 1 else ""
    return f"{parts[0]}.{room if room in HOUSE[parts[0]].split() else ''}"


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
            found += [(name, id(node) in late) for name in {place([*parts, alias.name]) for alias in node.names}]
    return found


def name_of(path: Path) -> str:
    return place(path.relative_to(ROOT).with_suffix("").parts)


FILES = [p for p in sorted(ROOT.rglob("*.py")) if p.stem not in ("__init__", "__main__")]


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
    assert imports(bad) == [("verdict.", False)]


def imported_words(path: Path) -> set[str]:
    """Every word in the import statements of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    return {word for s in statements for word in s.replace(".", " ").split()}


def test_matcalc_does_not_know_gaussian():
    assert not [p for p in FILES if "gaussian" in imported_words(p)]
