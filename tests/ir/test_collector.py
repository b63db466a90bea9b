"""The garbage collector is off inside `paused`, and afterwards as it was."""

import gc

import pytest
from tapeless.ir.collector import paused


@pytest.mark.parametrize("before", [True, False])
def test_it_is_as_before_afterwards_also_after_an_error(before):
    was = gc.isenabled()
    try:
        gc.enable() if before else gc.disable()
        with pytest.raises(ValueError), paused():
            assert not gc.isenabled()
            with paused():
                pass
            assert not gc.isenabled()
            raise ValueError
        assert gc.isenabled() == before
    finally:
        gc.enable() if was else gc.disable()
