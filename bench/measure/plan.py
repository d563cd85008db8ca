"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    name: str
    rounds: int
    """Of each pair, one after the other; the median of the rounds' ratios counts."""
    http_seconds: int
    training_rounds: int
    batch_rows: int
    """Rows of a batch; memory is compared with ten times as many."""
    starts: int
    idle_seconds: int


FULL = Plan(name="full", rounds=5, http_seconds=6, training_rounds=3, batch_rows=2_000_000, starts=10, idle_seconds=10)
QUICK = Plan(name="quick", rounds=3, http_seconds=2, training_rounds=1, batch_rows=200_000, starts=5, idle_seconds=10)
