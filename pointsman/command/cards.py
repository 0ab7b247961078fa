"""A model version's card as a person wants to read it."""

from collections.abc import Mapping

from pydantic import JsonValue, ValidationError

from services.trainer.fitting.card import Comparison, HeadCard, Judgement
from shared.database.registry import RegisteredModel

Lines = list[tuple[str, str]]


def lines(found: RegisteredModel) -> Lines:
    """What there is to say of a version, most wanted first: name and text."""
    model = found.model
    whose = [("llm", model.llm)] if model.llm is not None else []
    encoder = [("reads vectors of", model.encoder)] if model.encoder is not None else []
    status = found.status if found.reason is None else f"{found.status}: {found.reason}"
    known: Lines = [("version", model.version), ("kind", model.kind), *whose, ("status", status), *encoder]
    known.append(("added", found.added_at.strftime("%Y-%m-%d %H:%M UTC")))
    try:
        known += _head(HeadCard.model_validate(found.card))
    except ValidationError:
        known += _any("", found.card)
    if model.policy is not None:
        known += _any("", model.policy.model_dump(mode="json"))
    return known + ([("file", model.sha256)] if model.sha256 is not None else [])


def _head(card: HeadCard) -> Lines:
    recorded = card.training_rows - card.log_rows
    rows = f"{card.training_rows:,}: {recorded:,} recorded answers, {card.log_rows:,} queries with feedback"
    left_out = f"; {card.left_out_rows:,} of another encoder left out" if card.left_out_rows else ""
    return [
        ("rows", rows + left_out),
        ("quality", _judged(card.quality)),
        *([("routing area", _areas(card.areas))] if card.areas else []),
        *([("calibration error", _calibration(card))] if card.calibration_error is not None else []),
        ("length", _judged(card.length)),
        *([("length's interval", _coverage(card.length_coverage))] if card.length_coverage is not None else []),
        *([("against the live head", _compared(card.compared))] if card.compared is not None else []),
        ("parity", f"file and estimators differ by {card.parity:.1g} at most"),
        ("seed", str(card.seed)),
        ("made by", ", ".join(f"{package} {version}" for package, version in card.made_by.items())),
    ]


def _judged(judged: Judgement) -> str:
    """Of the held-out rows.

    >>> _judged(Judgement(kind="forest", rows=200, squared_error=0.15, constant_squared_error=0.2, least_gain=0.01,
    ...                   tried={"forest": 0.15, "ridge-1": 0.16}))
    'forest explains 25 % of 200 held-out rows (error 0.1500, constant 0.2000); tried forest 0.1500, ridge-1 0.1600'
    """
    tried = ", ".join(f"{kind} {error:.4f}" for kind, error in sorted(judged.tried.items(), key=lambda one: one[1]))
    return (
        f"{judged.kind} explains {judged.explained * 100:.0f} % of {judged.rows:,} held-out rows "
        f"(error {judged.squared_error:.4f}, constant {judged.constant_squared_error:.4f}); tried {tried}"
    )


def _areas(areas: Mapping[str, float]) -> str:
    """Of all heads of the run, by kind of quality.

    >>> _areas({"ridge": 0.93, "extra": 0.955})
    'extra 0.9550, ridge 0.9300'
    """
    return ", ".join(f"{kind} {area:.4f}" for kind, area in sorted(areas.items(), key=lambda one: -one[1]))


def _calibration(card: HeadCard) -> str:
    curve = "bent by a curve" if card.calibrated else "as predicted"
    return f"{card.calibration_error:.3f} on held-out rows, {curve}"


def _coverage(share: float) -> str:
    return f"holds {share * 100:.0f} % of held-out lengths, 80 % are meant"


def _compared(compared: Comparison) -> str:
    return (
        f"error {compared.squared_error:.4f}, that of {compared.live} {compared.live_squared_error:.4f} "
        f"on {compared.rows:,} rows that neither had seen"
    )


def _any(prefix: str, value: JsonValue) -> Lines:
    """Any card, each value under its path.

    >>> _any("", {"measured": {"cosine": 0.98123456}, "depth": 2})
    [('measured cosine', '0.981235'), ('depth', '2')]
    """
    if isinstance(value, dict):
        return [line for name, inner in value.items() for line in _any(f"{prefix} {name}".strip(), inner)]
    return [(prefix, f"{value:.6g}" if isinstance(value, float) else str(value))]
