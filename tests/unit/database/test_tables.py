from shared.database.tables import AttemptRow, RoutingRow
from shared.messages import Attempt, Receipt


def test_every_field_of_a_receipt_is_a_column() -> None:
    assert set(RoutingRow.__table__.columns.keys()) == set(Receipt.model_fields)


def test_every_field_of_an_attempt_is_a_column_but_its_dispatch_which_repeats_the_prompt() -> None:
    assert set(AttemptRow.__table__.columns.keys()) == set(Attempt.model_fields) - {"dispatch"}
