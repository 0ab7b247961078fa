"""What `pointsman models show` says of a version."""

from datetime import UTC, datetime

from pointsman.command.cards import lines
from services.trainer.fitting.card import Comparison, HeadCard, Judgement
from shared.database.registry import RegisteredModel
from shared.messages import Model, PolicyParameters

ADDED_AT = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
JUDGED = Judgement(
    kind="forest", rows=200, squared_error=0.15, constant_squared_error=0.2, least_gain=0.01, tried={"forest": 0.15}
)
CARD = HeadCard(
    version="v2",
    llm="small",
    encoder="e1",
    shapes={},
    training_rows=1200,
    log_rows=200,
    left_out_rows=3,
    quality=JUDGED,
    length=JUDGED,
    areas={"ridge": 0.93, "extra": 0.955},
    calibration_error=0.0214,
    calibrated=True,
    length_coverage=0.791,
    compared=Comparison(live="v1", rows=40, squared_error=0.2, live_squared_error=0.19),
    parity=1.2e-6,
    seed=0,
    made_by={"numpy": "2.0"},
)


def test_a_heads_card_tells_its_rows_its_errors_and_why_it_was_rejected() -> None:
    model = Model(kind="head", llm="small", version="v2", encoder="e1", sha256="ab" * 32)

    told = dict(lines(RegisteredModel(model, "rejected", "not better", CARD.model_dump(mode="json"), ADDED_AT)))

    assert told["status"] == "rejected: not better"
    assert told["rows"] == ("1,200: 1,000 recorded answers, 200 queries with feedback; 3 of another encoder left out")
    assert told["quality"].startswith("forest explains 25 % of 200 held-out rows")
    assert told["routing area"] == "extra 0.9550, ridge 0.9300"
    assert told["calibration error"] == "0.021 on held-out rows, bent by a curve"
    assert told["length's interval"] == "holds 79 % of held-out lengths, 80 % are meant"
    assert told["against the live head"] == "error 0.2000, that of v1 0.1900 on 40 rows that neither had seen"
    assert (told["llm"], told["reads vectors of"], told["file"]) == ("small", "e1", "ab" * 32)


def test_other_cards_are_told_value_by_value() -> None:
    model = Model(kind="policy", version="p1", policy=PolicyParameters(alpha=0.5))

    told = dict(lines(RegisteredModel(model, "live", None, {"measured": {"rows": 7}}, ADDED_AT)))

    assert (told["status"], told["measured rows"], told["alpha"]) == ("live", "7", "0.5")
