"""What a program has been through: ARCHITECTURE.md says what holds at each stage, `ir/verify.py` checks it."""

from enum import IntEnum


class Stage(IntEnum):
    """Each stage has fewer kinds of things than the one before."""

    SOURCE = 0
    TYPED = 1
    PLAIN = 2
