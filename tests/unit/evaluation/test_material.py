"""What is fitted on and what is scored on never meet, and what is left out is counted."""

from pathlib import Path

import numpy as np
import pytest

from pointsman.evaluation.material import Sources, read_elsewhere, read_material
from pointsman.training.recorded import read_pool
from tests.unit.evaluation.files import LLMS, Row, changed, rows, write, write_pool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pool(tmp_path)
    return tmp_path


def sources(folder: Path, train: list[Row], test: list[Row]) -> Sources:
    pool = read_pool(f"{folder / 'pools.json'}:two")
    return Sources((write(folder, "train", train),), (write(folder, "test", test),), pool)


def test_a_test_query_is_not_trained_on(folder: Path) -> None:
    shared = rows(30, "test")

    material = read_material(sources(folder, rows(120, "train") + shared, shared))

    assert len(material.train.queries) == 120
    assert material.left_out.in_both == 30


def test_a_near_duplicate_of_a_test_query_is_not_trained_on(folder: Path) -> None:
    def renumbered(row: Row) -> Row:
        return row | {"query_id": f"again-{row['query_id']}", "prompt": f"{row['prompt']}, 17!"}

    test = rows(30, "test")

    material = read_material(sources(folder, rows(120, "train") + changed(test, renumbered), test))

    assert material.left_out.in_both == 30
    assert material.left_out.alike_used == 0


def test_prompts_made_from_one_template_are_no_duplicates(folder: Path) -> None:
    def templated(row: Row) -> Row:
        number = str(row["query_id"]).split("-")[1]
        return row | {"prompt": f"What is {number} + {number if row['query_id'] == 'train' else 1}?"}

    train = changed(rows(160, "train"), templated)
    test = changed(rows(40, "test"), templated)

    material = read_material(sources(folder, train, test))

    # The 40 that are asked in the same words are left out all the same.
    assert len(material.train.queries) == 120
    assert material.left_out.alike_used == 120


def test_incomplete_test_queries_are_left_out_and_counted(folder: Path) -> None:
    test = rows(60, "test")
    test[0]["quality"] = None
    test[3]["cost_usd"] = None
    del test[5]

    material = read_material(sources(folder, rows(120, "train"), test))

    assert len(material.test.queries) == 57
    assert material.left_out.test_without_quality == 2
    assert material.left_out.test_without_cost == 1
    assert material.left_out.missing_by_llm == {"ash": 1, "birch": 2}
    assert np.isfinite(material.test.quality).all()


def test_incomplete_training_queries_are_used(folder: Path) -> None:
    train = rows(120, "train")
    train[0]["quality"] = None

    material = read_material(sources(folder, train, rows(30, "test")))

    assert len(material.train.queries) == 120
    assert np.isnan(material.train.quality).sum() == 1


def test_the_order_of_rows_does_not_matter(folder: Path) -> None:
    train, test = rows(120, "train"), rows(30, "test")

    one = read_material(sources(folder, train, test))
    other = read_material(sources(folder, train[::-1], test[::-1]))

    assert one.test.queries == other.test.queries
    np.testing.assert_array_equal(one.train.quality, other.train.quality)
    np.testing.assert_array_equal(one.test.cost_usd, other.test.cost_usd)


def test_llms_and_sources_outside_the_pool_are_passed_over(folder: Path) -> None:
    foreign = changed(rows(30, "foreign"), lambda row: row | {"source": "else"})
    test = rows(30, "test", (*LLMS, "oak"))

    material = read_material(sources(folder, rows(120, "train") + foreign, test + foreign))

    assert material.llms == LLMS
    assert {query.source for query in (*material.train.queries, *material.test.queries)} == {"made"}


def test_a_query_id_may_be_used_by_several_sources(folder: Path) -> None:
    pool = read_pool(f"{folder / 'pools.json'}:two").model_copy(update={"source": ("made", "else")})
    twins = changed(rows(30, "test"), lambda row: row | {"source": "else", "prompt": f"else {row['prompt']}"})
    files = sources(folder, rows(120, "train"), rows(30, "test") + twins)

    material = read_material(Sources(files.train, files.test, pool))

    assert len(material.test.queries) == 60


def test_elsewhere_no_training_query_is_scored_on(folder: Path) -> None:
    material = read_material(sources(folder, rows(120, "train"), rows(30, "test")))
    foreign = changed(rows(40, "foreign") + rows(5, "train"), lambda row: row | {"source": "else"})

    elsewhere = read_elsewhere([write(folder, "else", foreign)], material)

    assert len(elsewhere.test.queries) == 40
    assert elsewhere.left_out.in_both == 5
    assert elsewhere.train is material.train
