"""Large nests on several threads: the same results with any number of them, from any thread, and after a fork."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import array_programs
import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, check_value, ids
from tapeless.backend import parallel
from tapeless.ir.diagnostics import UsageError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
PROGRAMS = array_programs.DERIVATIVES
X = np.sin(np.arange(400_001.0))


@pytest.fixture
def threads():
    before = tl.get_num_threads()
    yield tl.set_num_threads
    tl.set_num_threads(before)


@pytest.fixture
def all_large(monkeypatch):
    """Every nest of more than one element is cut into blocks."""
    monkeypatch.setattr(parallel, "LARGE", 0.0)


@pytest.mark.parametrize("f, args", PROGRAMS, ids=ids(PROGRAMS))
def test_programs_in_blocks(f, args, threads, all_large):
    def fresh(*args):  # compiled here, and not found among what other tests compiled
        return f(*args)

    threads(3)
    check_value(fresh, args)
    check_derivatives(fresh, args)


def reductions(x, m):
    y = np.exp(x) * x
    return np.sum(y), np.max(x), np.min(y), y, np.sum(m, axis=1), np.max(m, axis=1), np.sum(m, axis=0), (x > 0.5).any()


def test_results_do_not_depend_on_the_number(threads):
    m = X[:400_000].reshape(1000, 400)
    compiled, gradient = tl.jit(reductions), tl.grad(lambda x: np.sum(np.tanh(x) ** 2 * np.exp(x)))
    found = []
    for n in (1, 2, 5):
        threads(n)
        found.append([np.array(y).tobytes() for y in (*compiled(X, m), gradient(X))])
    assert found[0] == found[1] == found[2]
    for y, expected in zip(compiled(X, m), reductions(X, m)):
        np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-9)


def test_from_many_threads(threads):
    threads(2)
    f = tl.jit(lambda x, a: np.sum(np.exp(x * a)))
    scales = [k / 8 for k in range(8)]
    expected = [f(X, a) for a in scales]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert list(pool.map(lambda a: f(X, a), scales)) == expected


def test_after_a_fork(threads):
    threads(2)
    f = tl.jit(lambda x: np.sum(np.exp(x)))
    expected = f(X)
    child = os.fork()
    if child == 0:
        os._exit(0 if f(X) == expected and f(X + 1.0) > expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert f(X) == expected


def test_what_the_environment_says():
    program = "import tapeless as tl; print(tl.get_num_threads())"
    for given, expected in (
        ("3", "3"),
        ("", str(len(os.sched_getaffinity(0)))),
        ("none", "TAPELESS_NUM_THREADS='none'"),
    ):
        environment = {**os.environ, "TAPELESS_NUM_THREADS": given}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert done.stdout.strip() == expected if done.returncode == 0 else expected in done.stderr


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", True])
def test_no_number_of_threads(n):
    with pytest.raises(UsageError, match="int from 1"):
        tl.set_num_threads(n)
