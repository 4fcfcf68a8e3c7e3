"""The shape of the code: no file over 400 lines, no function over 60, no import cycle; the figures are printed."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import grimp

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])
FILE_BUDGET = 400
FUNCTION_BUDGET = 60


def functions(path: Path) -> list[tuple[int, str]]:
    """(lines from def to end, "file:name") of every function and method."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        ((node.end_lineno or node.lineno) - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.name}")
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    ]


def test_no_file_or_function_grows_long(capsys):
    lengths = sorted((length for path in FILES for length in functions(path)), reverse=True)
    files = sorted(((len(path.read_text(encoding="utf-8").splitlines()), path) for path in FILES), reverse=True)
    over = [str(path.relative_to(ROOT)) for lines, path in files if lines > FILE_BUDGET]
    with capsys.disabled():
        print(
            f"\nshape: {len(files)} files, longest {files[0][0]} lines, median {median(n for n, _ in files):.0f};"
            f" {len(lengths)} functions, longest {lengths[0][0]} lines ({lengths[0][1]}),"
            f" median {median(n for n, _ in lengths):.0f}"
            + (f"; files over {FILE_BUDGET} lines: {', '.join(over)}" if over else "")
        )
    assert [name for length, name in lengths if length > FUNCTION_BUDGET] == []
    assert over == []


def test_imports_make_no_cycle():
    graph = grimp.build_graph("unwall", cache_dir=None)
    TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}).prepare()


def test_what_happens_in_a_visit_takes_its_ids_together():
    """`Event(..., **visit.ids)`: three ids copied one by one are soon two."""
    copied = [
        f"{path.relative_to(ROOT)}:{node.value.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "session_id" and ast.unparse(node.value) == "visit.session_id"
    ]
    assert not copied, "\n".join(copied)
