"""What was read, imported and rejected, and why."""

from collections import Counter
from dataclasses import dataclass, field

from pydantic import JsonValue

from pointsman.importing.records import Problem

_FIRST = 3


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that was not imported."""

    file: str
    #: `row` or `line`
    unit: str
    number: int
    problem: Problem

    def as_data(self) -> dict[str, JsonValue]:
        """As JSON has it: the file, the row or line, and what was wrong."""
        problem = self.problem
        wrong = {"column": problem.column, "expected": problem.expected, "got": problem.got}
        return {"file": self.file, self.unit: self.number, **wrong}


@dataclass(slots=True)
class Reason:
    """One thing that was wrong, with how many rows and the first of them."""

    column: str | None
    expected: str
    rows: int = 0
    first: list[Rejected] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """Counts of rows: one per query and LLM."""

    imported: Counter[str] = field(default_factory=Counter)
    costs_derived: int = 0
    reasons: dict[tuple[str | None, str], Reason] = field(default_factory=dict)

    def reject(self, rejected: Rejected) -> None:
        problem = rejected.problem
        reason = self.reasons.setdefault((problem.column, problem.expected), Reason(problem.column, problem.expected))
        reason.rows += 1
        if len(reason.first) < _FIRST:
            reason.first.append(rejected)

    @property
    def rejected(self) -> int:
        return sum(reason.rows for reason in self.reasons.values())

    @property
    def read(self) -> int:
        return self.imported.total() + self.rejected

    def by_rows(self) -> list[Reason]:
        """The reasons, the most frequent first."""
        return sorted(self.reasons.values(), key=lambda reason: -reason.rows)
