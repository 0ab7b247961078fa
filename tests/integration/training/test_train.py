"""`pointsman train` and `pointsman models` from recorded answers to live heads."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pointsman.command.announcing import announce
from pointsman.command.main import run
from pointsman.local.state import Endpoints, State
from pointsman.training.recorded import read_pool, read_recorded
from pointsman.training.vectors import embed
from services.embedder.export import register
from services.trainer.fitting.rows import load_rows
from shared.artifacts import Artifacts
from shared.database.engine import Database
from shared.database.registry import add_llm, add_model, live_models, remove_llm
from shared.encoder import Encoder, Text
from shared.head import Forecasts, Head
from shared.messages import Model
from tests.integration.conftest import EncoderFixture
from tests.integration.serving import Serving
from tests.integration.trainer.lessons import llm
from tests.integration.training.recording import write_recording

Command = Callable[..., Awaitable[Any]]


@pytest.fixture
def state(url: str, encoder: EncoderFixture, tmp_path: Path) -> Path:
    """The folder of a fleet whose registry has no encoder and whose Kafka is away."""
    endpoints = Endpoints(kafka="127.0.0.1:1", postgres=url, artifacts=encoder.artifacts_url, home_partitions=4)
    State(tmp_path / "state").folder.mkdir()
    State(tmp_path / "state").write_endpoints(endpoints)
    return tmp_path / "state"


@pytest.fixture
async def command(
    state: Path, url: str, encoder: EncoderFixture, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs a command of that fleet with --json, after an encoder went live; returns what it printed."""
    database = Database(url)
    await register([encoder.float32, encoder.int8], database)
    await database.close()

    async def call(*arguments: str) -> Any:
        capsys.readouterr()
        code = await asyncio.to_thread(run, [*arguments, "--json", "--state", str(state)])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        return json.loads(printed.out)

    return call


def forecasts(live: dict[str, Model], llm: str, prompts: list[str], encoder: EncoderFixture, cache: Path) -> Forecasts:
    """What is served for new prompts."""
    store = Artifacts(encoder.artifacts_url)
    served = Encoder.load(live["encoder"], store)
    assert served.atlas is not None
    inputs = embed(prompts, served, cache, lambda _: None).placed(served.atlas).inputs
    return Head.load(live[llm], store).predict(inputs)


async def live_heads(url: str) -> dict[str, Model]:
    """What serves now: heads by their LLM, of the live encoder alone, and the encoder and the policy by their kind."""
    database = Database(url)
    async with database.session() as session:
        live = await live_models(session)
    await database.close()
    encoder = next((model.version for model in live if model.kind == "encoder"), None)
    return {model.llm or model.kind: model for model in live if model.encoder in (None, encoder)}


async def test_training_recovers_what_was_planted_and_rejects_the_head_of_a_coin(
    command: Command, url: str, encoder: EncoderFixture, tmp_path: Path
) -> None:
    data, pool = write_recording(tmp_path)

    result = await command("train", "--data", str(data), "--pool", pool, "--cache", str(tmp_path / "cache"))

    assert [one["status"] for one in result] == ["live", "live", "rejected"]
    assert "the constant's" in result[2]["reason"]
    live = await live_heads(url)
    prompts = ["How do I bake a cherry pie?", "How do I tie a bowline on a sloop?"]
    cook, sailor = (forecasts(live, llm, prompts, encoder, tmp_path / "cache") for llm in ("cook", "sailor"))
    assert cook.quality[0] > 0.6 > 0.4 > cook.quality[1]
    assert sailor.quality[1] > 0.6 > 0.4 > sailor.quality[0]
    assert cook.tokens_mean == pytest.approx([100, 100], rel=0.1)
    assert sailor.tokens_mean == pytest.approx([400, 400], rel=0.1)
    assert (cook.tokens_p10 < cook.tokens_mean).all()
    assert (cook.tokens_mean < cook.tokens_p90).all()
    assert "coin" not in live
    assert live["policy"].policy is not None
    assert live["policy"].policy.cost_scale_per_usd == pytest.approx(1 / 0.004, rel=1e-5)
    assert all(live[llm].encoder == live["encoder"].version for llm in ("cook", "sailor"))


async def test_encoder_and_atlas_are_one_version_and_place_a_prompt_as_training_did(
    command: Command, url: str, encoder: EncoderFixture, tmp_path: Path
) -> None:
    data, pool = write_recording(tmp_path)
    recorded = read_recorded([data], read_pool(pool))

    [card, *_] = await command("train", "--data", str(data), "--pool", pool, "--cache", str(tmp_path / "cache"))

    model, store = (await live_heads(url))["encoder"], Artifacts(encoder.artifacts_url)
    assert model.atlas_sha256 is not None
    assert model.version == f"{encoder.int8.model.version}+{model.atlas_sha256[:8]}"
    assert model.sha256 == encoder.int8.model.sha256
    shown = await command("models", "show", model.version)
    assert (shown["card"]["atlas_sha256"], shown["card"]["atlas"]["queries"]) == (model.atlas_sha256, 320)
    assert sorted(shown["card"]["atlas"]["domains"]) == ["recipe", "sailing"]
    prompts = [Text(prompt) for prompt in recorded.prompts[:20]]
    served = Encoder.load(model, store).encode(prompts, token_budget=1)
    examples, _ = load_rows(card["rows_sha256"], "cook", store)
    assert examples.numbers is not None
    assert examples.neighbours is not None
    assert examples.features is not None
    trained = {number: row for row, number in enumerate(examples.numbers.tolist())}
    for number, one in enumerate(served):
        row = trained[number]
        assert one.place is not None
        assert one.place.neighbours[0] == number
        assert one.place.domain == recorded.datasets[number]
        assert one.place.distance == pytest.approx(0, abs=1e-3)
        assert one.place.neighbours[1:].tolist() == examples.neighbours[row, :-1].tolist()
        assert np.array_equal(one.features, examples.features[row])
        assert one.vector == pytest.approx(examples.vectors[row], abs=1e-5)


async def test_an_llm_that_cannot_be_fitted_leaves_everything_as_it_was(
    command: Command, url: str, state: Path, tmp_path: Path
) -> None:
    data, pool = write_recording(tmp_path)
    table = pq.read_table(data)
    of_coin = pc.equal(table.column("llm"), "coin")
    pq.write_table(pa.concat_tables([table.filter(pc.invert(of_coin)), table.filter(of_coin)[:40]]), data)
    before = await live_heads(url)

    arguments = ("train", "--data", str(data), "--pool", pool, "--cache", str(tmp_path / "cache"))
    code = await asyncio.to_thread(run, [*arguments, "--state", str(state)])

    assert (code, await live_heads(url)) == (2, before)


async def test_a_rolled_back_encoder_has_its_heads_again(command: Command, url: str, tmp_path: Path) -> None:
    for name, rows_per_prompt in (("first", 2), ("second", 3)):
        (tmp_path / name).mkdir()
        data, pool = write_recording(tmp_path / name, rows_per_prompt)
        await command("train", "--data", str(data), "--pool", pool, "--cache", str(tmp_path / "cache"))
        if name == "first":
            first = await live_heads(url)
    second = await live_heads(url)

    await command("models", "rollback", "encoder", "--because", "answers got worse")

    assert second["encoder"].version != first["encoder"].version
    assert second["cook"].encoder == second["encoder"].version
    again = await live_heads(url)
    assert (again["encoder"].version, again["cook"]) == (first["encoder"].version, first["cook"])


async def test_an_llm_that_the_new_encoder_has_no_head_for_is_named(
    command: Command, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("all", "cook"):
        (tmp_path / name).mkdir()
    data, pool = write_recording(tmp_path / "all")
    await command("train", "--data", str(data), "--pool", pool, "--cache", str(tmp_path / "cache"))
    data, pool = write_recording(tmp_path / "cook", rows_per_prompt=3)
    alone = {"cook": {"source": ["planted"], "reference": "cook", "llms": ["cook"]}}
    (tmp_path / "cook" / "pools.json").write_text(json.dumps(alone))

    arguments = ("--data", str(data), "--pool", f"{tmp_path}/cook/pools.json:cook", "--cache", str(tmp_path / "cache"))
    code = await asyncio.to_thread(run, ["train", *arguments, "--state", str(state)])

    printed = capsys.readouterr().err
    assert code == 0, printed
    assert "sailor: no head for this version of the encoder" in printed


async def test_an_llm_whose_new_head_is_rejected_is_not_told_to_be_trained_too(
    command: Command, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, pool = write_recording(tmp_path)
    await command("train", "--data", str(data), "--pool", pool, "--cache", str(tmp_path / "cache"))
    # The sailor forgets what he knew; a new query makes another atlas.
    table = pq.read_table(data)
    of_sailor = pc.equal(table.column("llm"), "sailor")
    drawn = pa.array(np.random.default_rng(0).integers(0, 2, len(table)).astype(np.float64))
    quality = pc.if_else(of_sailor, drawn, table.column("quality"))
    table = table.set_column(table.schema.get_field_index("quality"), "quality", quality)
    pq.write_table(table.filter(pc.not_equal(table.column("query_id"), table.column("query_id")[0])), data)

    arguments = ("train", "--data", str(data), "--pool", pool, "--cache", str(tmp_path / "cache"))
    code = await asyncio.to_thread(run, [*arguments, "--state", str(state)])

    printed = " ".join(capsys.readouterr().err.split())
    assert code == 0, printed
    assert "sailor: no head for this version of the encoder, so priors are served. Their new heads were" in printed
    assert "Train with their answers too" not in printed


async def test_the_same_seed_gives_the_same_files_and_another_seed_can_be_rolled_back(
    command: Command, url: str, tmp_path: Path
) -> None:
    data, pool = write_recording(tmp_path)
    arguments = ("train", "--data", str(data), "--pool", pool, "--cache", str(tmp_path / "cache"))

    first, again = await command(*arguments), await command(*arguments)
    await command(*arguments, "--seed", "1")
    changed = await live_heads(url)
    await command("models", "rollback", "head", "--llm", "cook", "--because", "users complain")
    back = await live_heads(url)
    gone = await command("models", "show", changed["cook"].version, "--llm", "cook")

    assert [one["sha256"] for one in first] == [one["sha256"] for one in again]
    assert changed["cook"].version != first[0]["version"]
    assert back["cook"].version == first[0]["version"]
    assert back["cook"].revision > changed["cook"].revision
    assert (gone["status"], gone["reason"]) == ("rejected", f"rolled back to {back['cook'].version}: users complain")
    assert len({one["rows_sha256"] for one in first}) == 1
    assert first[0]["rows_sha256"] is not None


async def test_a_model_can_be_listed_shown_and_promoted(command: Command, url: str, encoder: EncoderFixture) -> None:
    listed = await command("models", "list")
    shown = await command("models", "show", encoder.float32.model.version)
    await command("models", "promote", encoder.float32.model.version)

    assert {one["version"] for one in listed} == {encoder.float32.model.version, encoder.int8.model.version}
    assert shown["card"]["measured"]["max_abs_difference"] < 1e-4
    assert (await live_heads(url))["encoder"].version == encoder.float32.model.version


async def test_promoted_models_are_announced_to_a_fleet_that_is_up(serving: Serving, encoder: EncoderFixture) -> None:
    model = encoder.float32.model.model_copy(update={"kind": "head", "llm": f"announced-{uuid4().hex}"})

    told = await announce([model], serving.kafka)

    assert told
    found = await serving.until("models", Model.decode, lambda one: one.llm == model.llm, 1)
    assert found[0][0].key == model.key.encode()
    assert not await announce([model], "127.0.0.1:1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("promote", "nothing"), "there is no version 'nothing'"),
        (("show", "nothing"), "there is no version 'nothing'"),
        (("rollback", "tail"), "expected encoder, head, policy, got 'tail'"),
        (("rollback", "head"), "expected --llm with a head"),
        (("rollback", "policy"), "expected a live policy, there is none"),
        (("rollback", "head", "--llm", "nobody"), "expected a live head of nobody, there is none"),
        (("rollback", "head", "--llm", "gone"), "gone was removed"),
        (("promote", "v1", "--llm", "gone"), "gone was removed"),
    ],
)
async def test_what_cannot_be_promoted_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], says: str, state: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    head = Model(kind="head", llm="gone", version="v1", encoder="e", sha256="0" * 64, url="file:///x")
    async with Database(url) as database, database.session() as session:
        await add_llm(session, llm("gone"))
        await remove_llm(session, "gone")
        await add_model(session, head, {"rows": 1}, "candidate")
        await session.commit()

    code = await asyncio.to_thread(run, ["models", *arguments, "--state", str(state)])

    printed = capsys.readouterr().err.strip()
    assert (code, printed.count("\n")) == (2, 0), printed
    assert says in printed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"--data": "/nowhere.parquet"}, "there is no file /nowhere.parquet"),
        ({"--pool": "POOLS:nothing"}, "expected one of planted"),
        ({"--pool": "planted"}, "expected FILE:NAME"),
        ({"--data": "COLUMNS"}, "expected column quality"),
        ({"--data": "TEXT"}, "canonical parquet file"),
        ({}, "expected a live encoder in the registry"),
    ],
)
async def test_bad_input_is_one_line_and_exit_code_2(
    change: dict[str, str], says: str, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, pool = write_recording(tmp_path, rows_per_prompt=1)
    without = tmp_path / "columns.parquet"
    pq.write_table(pq.read_table(data).drop_columns(["quality"]), without)
    (tmp_path / "text.parquet").write_text("not parquet")
    pools = pool.removesuffix(":planted")
    names = {"COLUMNS": str(without), "TEXT": str(tmp_path / "text.parquet"), "POOLS:nothing": f"{pools}:nothing"}
    options = {"--data": str(data), "--pool": pool} | {key: names.get(value, value) for key, value in change.items()}

    arguments = [part for option in options.items() for part in option]
    code = await asyncio.to_thread(run, ["train", *arguments, "--state", str(state)])

    printed = capsys.readouterr().err.strip()
    assert (code, printed.count("\n")) == (2, 0), printed
    assert says in printed
