"""What all tests share: the verifier runs between passes, and `--update-golden` rewrites what golden tests expect."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("TAPELESS_VERIFY", "1")  # before tapeless is imported; subprocesses inherit it
os.environ.setdefault("TAPELESS_CACHE", "0")  # the user's folder is not for tests
os.environ.setdefault("TAPELESS_POISON", "1")  # what free buffers held is overwritten


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite golden texts; read the diff before you commit"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest):
    """golden(path, text): the text is what the file says, or becomes it under --update-golden."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing: pytest --update-golden makes it"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs: pytest --update-golden rewrites it"

    return compare
