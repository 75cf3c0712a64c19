"""What may be used where; import-linter holds the layers, these tests the rest."""

import ast
from collections.abc import Iterable

import pytest

from tests.architecture.source import ROOT, Module, module_id, modules

FUNCTIONS_LIBRARY = "azure.functions"
MAY_KNOW_FUNCTIONS = ("shared/api/", "shared/triggers/", "shared/bindings.py")
NOT_DEPLOYED = ("local", "tests", "examples", "benchmarks")
SHARED = modules("shared")


@pytest.mark.parametrize("module", SHARED, ids=module_id)
def test_only_the_edge_knows_the_functions_library(module: Module) -> None:
    if not module.name.startswith(MAY_KNOW_FUNCTIONS):
        assert _used(module, [FUNCTIONS_LIBRARY]) == []


@pytest.mark.parametrize("module", SHARED, ids=module_id)
def test_only_settings_read_the_environment(module: Module) -> None:
    reads = {"os.environ", "os.getenv", "os.environb"} & _dotted_names(module)
    assert not reads or module.name == "shared/settings.py"


@pytest.mark.parametrize("module", [Module(ROOT / "function_app.py"), *SHARED], ids=module_id)
def test_what_is_deployed_needs_nothing_that_is_not(module: Module) -> None:
    assert _used(module, NOT_DEPLOYED) == []


@pytest.mark.parametrize("module", modules("examples"), ids=module_id)
def test_examples_stand_alone(module: Module) -> None:
    assert _used(module, ("shared", "local", "tests")) == []


@pytest.mark.parametrize("module", SHARED, ids=module_id)
def test_only_one_module_reads_the_clock(module: Module) -> None:
    reads = {"datetime.now", "datetime.utcnow", "uuid.uuid4"} & _dotted_names(module)
    assert not reads or module.name == "shared/clock.py"


def _used(module: Module, packages: Iterable[str]) -> list[str]:
    """Which of the packages a module imports."""
    imported = [f"{name}." for name in module.imports()]
    return [
        package for package in packages if any(name.startswith(f"{package}.") for name in imported)
    ]


def _dotted_names(module: Module) -> set[str]:
    """Names used as `a.b`, and names imported from a module, in the same form."""
    used = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return used | module.imports()
