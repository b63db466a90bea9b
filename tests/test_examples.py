"""Every example runs as a script, and its own checks hold."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_runs(path, tmp_path):
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout


def test_the_examples_are_there():
    scalars, arrays = {"power", "00_tour", "newton", "saddle", "ode_fit"}, {"mlp", "lstm", "heat", "kalman", "soft_dtw"}
    assert scalars | arrays | {"logistic", "gaussian_process"} <= {p.stem for p in EXAMPLES}
