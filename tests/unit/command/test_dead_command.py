from dataclasses import replace

import pytest

from pointsman.command.dead import chosen, place_of, revived
from shared.errors import PermanentError
from shared.messages import Query
from shared.stream.headers import Death
from shared.stream.records import Position, Record

DEATH = Death(Position("queries", 3, 17), "RefusedError", "no", 1, "embedder-1")
QUERY = Query(query_id="q", prompt="Two words?")
LETTER = Record(
    Position("queries.dead", 3, 5), QUERY.encode(), 0.0, b"key", {"traceparent": b"00-1-2-01", **DEATH.headers()}
)


def test_a_replayed_record_is_as_it_was_on_its_own_partition() -> None:
    outgoing = revived(LETTER, "queries", None)

    assert (outgoing.topic, outgoing.value, outgoing.partition, outgoing.key) == ("queries", LETTER.value, 3, b"key")
    assert outgoing.headers == {"traceparent": b"00-1-2-01"}


def test_a_query_can_be_replayed_under_another_id() -> None:
    outgoing = revived(LETTER, "queries", "other")

    assert Query.decode(outgoing.value) == QUERY.model_copy(update={"query_id": "other"})


def test_letters_are_chosen_by_their_places_and_all_where_none_is_named() -> None:
    other = replace(LETTER, position=Position("queries.dead", 3, 6))

    assert chosen([LETTER, other], "queries", ["3-6"]) == [other]
    assert chosen([LETTER, other], "queries", None) == [LETTER, other]


def test_a_letter_that_is_not_there_is_named() -> None:
    with pytest.raises(PermanentError, match="queries has no dead letter 3-7;"):
        chosen([LETTER], "queries", ["3-5", "3-7"])


def test_a_topic_without_letters_is_said_to_have_none() -> None:
    with pytest.raises(PermanentError, match="queries has no dead letters;"):
        chosen([], "queries", None)


def test_a_letter_is_named_by_its_own_place() -> None:
    assert place_of(LETTER) == "3-5"
