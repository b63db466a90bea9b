"""docs/functions.md is what docs/make_functions.py makes of the operators; what it says of arguments holds."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import tapeless as tl

PAGE = Path(__file__).parents[1] / "docs" / "functions.md"


def table():
    spec = importlib.util.spec_from_file_location("make_functions", PAGE.with_name("make_functions.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_is_up_to_date():
    assert PAGE.read_text() == table().text(), "run python docs/make_functions.py"


def test_every_function_is_described():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert len(rows) > 250
    for row in rows:
        assert len(row.rsplit("|", 2)[1].strip()) > 3, row


def test_universal_functions_take_no_further_arguments():
    for f in (lambda x: np.sign(x, x), lambda x: np.floor(x, x), lambda x: np.add(x), lambda x: np.logical_not(x, x)):
        with pytest.raises(tl.InferenceError, match="does not take"):
            tl.jit(f)(np.ones(3))
