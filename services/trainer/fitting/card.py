"""What is known of a fitted head: its card, and whether it may be served."""

from pydantic import BaseModel, ConfigDict

from shared.messages import Model


class Judgement(BaseModel):
    """How the chosen estimator did on the held-out rows; see services.trainer.fitting.heads.Judged."""

    model_config = ConfigDict(frozen=True)

    kind: str
    rows: int
    squared_error: float
    constant_squared_error: float
    least_gain: float
    tried: dict[str, float]
    #: False in cards of older runs, which did not say.
    in_good_company: bool = False

    @property
    def explained(self) -> float:
        """Share of the constant's squared error that the estimator explains; negative where it is worse."""
        return 1 - self.squared_error / self.constant_squared_error if self.constant_squared_error else 0.0


class Comparison(BaseModel):
    """Quality's held-out squared errors on the rows that the live head was not fitted on either."""

    model_config = ConfigDict(frozen=True)

    live: str
    rows: int
    squared_error: float
    live_squared_error: float

    def rejected(self) -> str | None:
        """Why the live head stays; None when the new one is not worse."""
        if self.squared_error <= self.live_squared_error:
            return None
        return (
            f"held-out squared error of quality is {self.squared_error:.4f}, that of the live {self.live} "
            f"{self.live_squared_error:.4f} on the same {self.rows} rows"
        )


class Lineage(BaseModel):
    """Which rows a head was fitted on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: sha256 of the file of recorded rows (services.trainer.fitting.rows), for refits; None without any.
    rows_sha256: str | None = None
    #: Queries of users with feedback.
    log_rows: int = 0
    #: Append time of the newest feedback among them, seconds since the epoch; None without any.
    log_until: float | None = None
    #: Queries with feedback that were left out, as another encoder embedded them.
    left_out_rows: int = 0


class HeadCard(Lineage):
    """What is known of a head; stored beside its file and in the registry."""

    version: str
    llm: str
    #: Encoder version whose vectors it reads.
    encoder: str
    shapes: dict[str, tuple[int | None, ...]]
    #: All rows it was fitted to in the end; it was judged when fitted without the held-out ones.
    training_rows: int
    quality: Judgement
    length: Judgement
    #: Area under the cost-quality curve by kind of quality, of all heads of the run on its judging queries; empty where
    #: an LLM was fitted alone.
    areas: dict[str, float] = {}
    #: Expected calibration error of quality on the judging rows, and whether predictions are bent by a curve.
    calibration_error: float | None = None
    calibrated: bool = False
    #: Share of held-out lengths within the 10-90 % interval.
    length_coverage: float | None = None
    #: None when no head was live.
    compared: Comparison | None = None
    #: Largest difference between the file and the estimators it was made from.
    parity: float
    seed: int
    made_by: dict[str, str]


class Candidate(BaseModel):
    """A stored head, and why it must not be served, if so."""

    model_config = ConfigDict(frozen=True)

    model: Model
    card: HeadCard
    rejected: str | None
