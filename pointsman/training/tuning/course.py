"""How a tuning run goes, and when it ends."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Self

from pydantic import JsonValue, TypeAdapter


@dataclass(frozen=True, slots=True)
class Check:
    """One look at the predictors, and at how tight the domains have become."""

    step: int
    #: The predictors' held-out squared error.
    loss: float
    #: Mean cosine of a query to its domain's centroid, after the mean vector is taken off.
    own_cosine: float


@dataclass(frozen=True, slots=True)
class Course:
    """Steps taken and checks made."""

    step: int = 0
    checks: tuple[Check, ...] = ()

    @property
    def best(self) -> Check:
        """The check with the smallest loss, the first of equal ones; the first check is of the untuned encoder."""
        return min(self.checks, key=lambda check: check.loss)

    def stepped(self) -> Self:
        return replace(self, step=self.step + 1)

    def checked(self, check: Check) -> Self:
        return replace(self, checks=(*self.checks, check))

    def ending(self, most_cosine: float, patience: int) -> str | None:
        """Why to stop here; None to go on."""
        if not self.checks:
            return None
        latest = self.checks[-1]
        if len(self.checks) > 1 and latest.own_cosine > most_cosine:
            return f"collapsing: the mean cosine to the own centroid is {latest.own_cosine:.2f}, over {most_cosine}"
        since = len(self.checks) - 1 - self.checks.index(self.best)
        return f"the predictors have not gained for {since} checks" if since >= patience else None

    def as_data(self) -> Mapping[str, JsonValue]:
        return {"step": self.step, "checks": [asdict(check) for check in self.checks]}

    @classmethod
    def from_data(cls, data: object) -> Self:
        """Raises ValueError for anything as_data() did not write."""
        return TypeAdapter(cls).validate_python(data)
