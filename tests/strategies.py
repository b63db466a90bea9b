"""Hypothesis strategies over the generator: it draws seeds, the generator writes the programs."""

from __future__ import annotations

from generator.program import Program, generate
from hypothesis import strategies as st

seeds = st.integers(0, 10**9)


def programs() -> st.SearchStrategy[Program]:
    """Random well-typed programs of the subset."""
    return seeds.map(lambda n: generate(f"h:{n}"))
