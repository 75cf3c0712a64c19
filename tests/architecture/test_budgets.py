"""Budgets of size and form that keep the code readable."""

import ast

import pytest

from tests.architecture.source import ROOT, FunctionNode, Module, module_id, modules

PRODUCT = [
    Module(ROOT / "function_app.py"),
    *modules("shared", "local", "examples", "infra", "benchmarks"),
]
EVERYTHING = [*PRODUCT, *modules("tests")]

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_ENTRY_LINES = 50
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


@pytest.mark.parametrize("module", EVERYTHING, ids=module_id)
def test_a_module_fits_its_budget(module: Module) -> None:
    assert len(module.text.splitlines()) <= MAX_MODULE_LINES


@pytest.mark.parametrize("module", EVERYTHING, ids=module_id)
def test_every_function_fits_its_budget(module: Module) -> None:
    too_long = [
        f"{function.name}: {_lines(function)} lines"
        for function in module.functions()
        if _lines(function) > MAX_FUNCTION_LINES
    ]
    assert too_long == []


@pytest.mark.parametrize("module", PRODUCT, ids=module_id)
def test_no_logic_hides_in_nested_functions(module: Module) -> None:
    """A function may hold another one only to give it back, as decorators do."""
    hiding = [
        f"{outer.name}.{inner.name}"
        for outer in module.functions()
        for inner in _nested(outer)
        if not _gives_back(outer, inner.name)
    ]
    assert hiding == []


@pytest.mark.parametrize("module", modules("shared", "local"), ids=module_id)
def test_a_module_says_what_it_is_for(module: Module) -> None:
    docstring = ast.get_docstring(module.tree)
    assert docstring or not module.text.strip(), "the module has no docstring"


@pytest.mark.parametrize("module", EVERYTHING, ids=module_id)
def test_a_module_has_a_name_that_says_something(module: Module) -> None:
    assert module.path.stem not in VAGUE_NAMES
    assert module.path.parent.name not in VAGUE_NAMES


def test_the_entry_point_only_composes() -> None:
    entry = Module(ROOT / "function_app.py")

    assert len(entry.text.splitlines()) <= MAX_ENTRY_LINES
    assert list(entry.functions()) == []


def _lines(function: FunctionNode) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _nested(outer: FunctionNode) -> list[FunctionNode]:
    """The functions directly in another one's body, however deep in its blocks."""
    found: list[FunctionNode] = []
    waiting: list[ast.AST] = list(outer.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, FunctionNode):
            found.append(node)
        elif not isinstance(node, ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return found


def _gives_back(outer: FunctionNode, name: str) -> bool:
    return any(
        isinstance(node, ast.Return) and isinstance(node.value, ast.Name) and node.value.id == name
        for node in ast.walk(outer)
    )
