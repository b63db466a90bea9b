"""The import rule of ARCHITECTURE.md, read off the source files."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"ir": "tapeless.ir", "frontend": "tapeless.frontend", "backend": "tapeless.backend", "compiler": "tapeless"}
FACE = {"tapeless", "tapeless.api", "tapeless.cli", "tapeless.__main__"}
TRANSFORMS = ("tapeless.infer", "tapeless.ad", "tapeless.passes", "tapeless.lower")
THIRD_PARTY = {"numpy", "lark", "llvmlite", "click"}
# Modules of the standard library and others that only these may import.
RESERVED = {
    "llvmlite": ("tapeless.backend",),
    "lark": ("tapeless.ir.parser",),
    "ast": ("tapeless.frontend",),
    "inspect": ("tapeless.frontend",),
    "dis": ("tapeless.frontend",),
}
# What is heavy may be imported where it is needed, inside a function.
LAZY = (
    "llvmlite", "lark", "numpy", "click", "traceback", "tapeless.backend", "tapeless.frontend",
    "tapeless.infer.aliases", "tapeless.ir.parser", "tapeless.ir.printer", "tapeless.ir.verify",
    "tapeless.ad.forward", "tapeless.ad.reverse", "tapeless.ad.taylor",
)  # fmt: skip


@cache
def modules() -> dict[str, Path]:
    """Every module of the package, by name."""
    found = {}
    for folder, package in PACKAGES.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = [package, *path.relative_to(ROOT / folder).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str) -> list[tuple[str, str]]:
    """The modules that a module imports, and when: at the "top", "late" (inside a function), or for "types" alone."""
    found: list[tuple[str, str]] = []
    stack: list[tuple[ast.AST, str]] = [(ast.parse(modules()[module].read_text(encoding="utf-8")), "top")]
    while stack:
        node, when = stack.pop()
        if isinstance(node, ast.Import):
            found += [(alias.name, when) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: line {node.lineno}: a relative import"
            name = node.module or ""
            submodules = [f"{name}.{alias.name}" for alias in node.names if f"{name}.{alias.name}" in modules()]
            found += [(m, when) for m in submodules]
            if len(submodules) < len(node.names):
                found.append((name, when))
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            stack += [(child, "types") for child in node.body] + [(child, when) for child in node.orelse]
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            when = "late"
        stack += [(child, when) for child in ast.iter_child_nodes(node)]
    return found


def inside(module: str, packages: tuple[str, ...] | set[str]) -> bool:
    return any(module == p or module.startswith(p + ".") for p in packages)


def allowed(module: str) -> tuple[str, ...]:
    """The packages of ours that a module may import."""
    for package in ("tapeless.ir", "tapeless.frontend", "tapeless.backend", *TRANSFORMS):
        if inside(module, (package,)):
            return ("tapeless.ir", package)
    return ("tapeless",)


@pytest.mark.parametrize("module", modules())
def test_imports_point_down(module):
    for imported, _ in imports(module):
        if inside(imported, ("tapeless",)):
            assert inside(imported, allowed(module)), f"{module} imports {imported}"
            assert imported in modules(), f"{module} imports {imported}, which does not exist"
            if module not in FACE:
                assert imported not in FACE, f"{module} imports {imported}, which is above it"


@pytest.mark.parametrize("module", modules())
def test_only_known_packages_are_imported_and_each_in_its_place(module):
    for imported, _ in imports(module):
        top = imported.split(".")[0]
        assert top not in PACKAGES, f"{module} imports {imported}, a second copy of tapeless's own"
        assert top in ("tapeless", *THIRD_PARTY) or top in sys.stdlib_module_names, f"{module} imports {imported}"
        if top in RESERVED:
            assert inside(module, RESERVED[top]), f"{module} imports {imported}"


@pytest.mark.parametrize("module", modules())
def test_imports_stand_at_the_top(module):
    for imported, when in imports(module):
        fine = when != "late" or inside(imported, LAZY) or module in FACE
        assert fine, f"{module} imports {imported} inside a function"


def test_no_module_needs_itself():
    """Imports at the top form no circle; those for the type checker alone do not run."""
    state: dict[str, str] = {}

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert state.get(module) != "open", " > ".join((*path, module))
        if module in state or module not in modules():
            return
        state[module] = "open"
        for imported, when in imports(module):
            if when == "top" and imported != module:
                visit(imported, (*path, module))
        state[module] = "done"

    for module in modules():
        visit(module, ())


def test_the_checks_see_a_wrong_import(tmp_path, monkeypatch):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import lark\n\ndef f():\n    import tapeless.infer.engine\n")
    monkeypatch.setitem(modules(), "tapeless.ir.wrong", wrong)
    for check in (
        test_imports_point_down,
        test_only_known_packages_are_imported_and_each_in_its_place,
        test_imports_stand_at_the_top,
    ):
        with pytest.raises(AssertionError, match=r"tapeless\.ir\.wrong imports"):
            check("tapeless.ir.wrong")
    imports.cache_clear()
