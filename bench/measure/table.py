"""The figures, wanted and found."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Row:
    """One figure: a ratio or an amount, its limit, and the raw numbers it was made of."""

    what: str
    values: list[float]
    wanted: str
    """`>= 5` or `<= 20`; empty where the figure is only told."""
    unit: str = "x"
    ours: str = ""
    peer: str = ""
    raw: dict = field(default_factory=dict)

    @property
    def value(self):
        return statistics.median(self.values)

    def is_reached(self):
        if not self.wanted:
            return True
        relation, limit = self.wanted.split()
        return self.value >= float(limit) if relation == ">=" else self.value <= float(limit)

    def as_json(self):
        return {
            "what": self.what,
            "median": self.value,
            "values": self.values,
            "unit": self.unit,
            "wanted": self.wanted,
            "reached": self.is_reached(),
            "ours": self.ours,
            "peer": self.peer,
            "raw": self.raw,
        }


def show(about, rows):
    print(f"\n{about['processor']}, {about['cores']} cores; commit {about['commit']}; artifact {about['artifact_sha256'][:12]}\n")
    cells = [("what", "median", "of rounds", "wanted", "", "ours", "peer")]
    for row in rows:
        verdict = "" if not row.wanted else "reached" if row.is_reached() else "SHORT"
        spread = f"{number(min(row.values))} to {number(max(row.values))}" if len(row.values) > 1 else ""
        cells.append((row.what, f"{number(row.value)} {row.unit}", spread, row.wanted, verdict, row.ours, row.peer))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
