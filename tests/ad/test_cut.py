"""The minimum cut against brute force on small random graphs."""

from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st
from tapeless.ad.cut import minimum_cut


@st.composite
def graphs(draw):
    """Values 0..n-1: each is made of earlier ones, of nothing, or not to be had again (None); sizes; what is wanted."""
    count = draw(st.integers(1, 8))
    made_of = [
        draw(st.one_of(st.none(), st.lists(st.integers(0, i - 1), max_size=3, unique=True) if i else st.just([])))
        for i in range(count)
    ]
    sizes = draw(st.lists(st.sampled_from((1, 8, 16)), min_size=count, max_size=count))
    wanted = draw(st.lists(st.integers(0, count - 1), min_size=1, unique=True))
    return made_of, sizes, wanted


def suffices(kept, made_of, wanted):
    def has(n):
        return n in kept or (made_of[n] is not None and all(map(has, made_of[n])))

    return all(map(has, wanted))


@given(graphs())
def test_the_cut_is_minimal(case):
    made_of, sizes, wanted = case
    kept = minimum_cut(wanted, made_of.__getitem__, sizes.__getitem__)
    assert suffices(kept, made_of, wanted)
    every = range(len(made_of))
    subsets = chain.from_iterable(combinations(every, k) for k in range(len(made_of) + 1))
    least = min(sum(sizes[n] for n in s) for s in subsets if suffices(s, made_of, wanted))
    assert sum(sizes[n] for n in kept) == least


def test_a_tie_leaves_less_to_be_computed_again():
    assert minimum_cut([2], [None, [0], [1]].__getitem__, lambda n: 8) == {2}


def test_a_large_graph_keeps_what_is_wanted():
    made_of = [None, *([i - 1, 0] for i in range(1, 4001))]
    assert minimum_cut([10, 4000], made_of.__getitem__, lambda n: 8) == {10, 4000}
