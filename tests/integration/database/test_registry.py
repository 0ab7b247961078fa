import asyncio

import pytest

from shared.database.engine import Database
from shared.database.registry import (
    Status,
    add_llm,
    add_model,
    live_models,
    llms,
    models,
    promote,
    register_llm,
    remove_llm,
)
from shared.errors import PermanentError
from shared.messages import Llm, Model, PolicyParameters

SMALL = Llm(
    name="small",
    base_url="http://localhost:1/v1",
    model="provider/small",
    usd_per_mtok_input=0.1,
    usd_per_mtok_output=0.4,
    context_tokens=8000,
)


def head(version: str, *, llm: str = "small", encoder: str = "e1", sha256: str = "a" * 64) -> Model:
    return Model(kind="head", llm=llm, version=version, encoder=encoder, sha256=sha256, url="file:///models")


async def register(database: Database, llm: Llm) -> Llm:
    async with database.session() as session:
        registered = await register_llm(session, llm)
        await session.commit()
    return registered


async def add(database: Database, model: Model, status: Status = "candidate") -> Model:
    async with database.session() as session:
        added = await add_model(session, model, {"rows": 10}, status)
        await session.commit()
    return added


async def live(database: Database) -> dict[str, tuple[str, int]]:
    async with database.session() as session:
        return {model.key: (model.version, model.revision) for model in await live_models(session)}


async def test_an_llm_comes_back_as_registered_and_a_restart_changes_nothing(database: Database) -> None:
    first = await register(database, SMALL)

    again = await register(database, SMALL)

    async with database.session() as session:
        stored = await llms(session)
    assert first == again == SMALL.model_copy(update={"revision": 1})
    assert stored == [first]


async def test_each_change_of_a_descriptor_gets_a_higher_revision(database: Database) -> None:
    await register(database, SMALL)

    dearer = await register(database, SMALL.model_copy(update={"usd_per_mtok_output": 0.5}))

    assert (dearer.revision, dearer.usd_per_mtok_output) == (2, 0.5)


async def test_many_workers_with_one_descriptor_make_one_revision(database: Database) -> None:
    registered = await asyncio.gather(*(register(database, SMALL) for _ in range(10)))

    assert {llm.revision for llm in registered} == {1}


async def test_no_change_is_lost_among_many_at_once(database: Database) -> None:
    descriptors = [SMALL.model_copy(update={"parallelism": number}) for number in range(1, 11)]

    registered = await asyncio.gather(*(register(database, one) for one in descriptors))

    assert sorted(llm.revision for llm in registered) == list(range(1, 11))
    async with database.session() as session:
        [stored] = await llms(session)
    assert stored == max(registered, key=lambda llm: llm.revision)


async def test_a_removed_llm_stays_removed_until_added_again(database: Database) -> None:
    await register(database, SMALL)
    async with database.session() as session:
        removed = await remove_llm(session, "small")
        await session.commit()

    restarted = await register(database, SMALL.model_copy(update={"parallelism": 8}))
    async with database.session() as session:
        added = await add_llm(session, SMALL)
        await session.commit()

    assert (removed.removed, removed.revision) == (True, 2)
    assert restarted == removed
    assert (added.removed, added.revision) == (False, 3)


async def test_removing_an_unknown_llm_says_so(database: Database) -> None:
    with pytest.raises(PermanentError, match="no 'missing'"):
        async with database.session() as session:
            await remove_llm(session, "missing")


async def test_a_promoted_head_replaces_the_live_one_of_its_llm_and_encoder_only(database: Database) -> None:
    await add(database, head("v1"), "live")
    await add(database, head("w1", llm="large"), "live")
    await add(database, head("x1", encoder="e2"), "live")
    await add(database, head("v2"))

    async with database.session() as session:
        promoted = await promote(session, "head", "small", "v2")
        await session.commit()

    assert (promoted.version, promoted.revision) == ("v2", 2)
    assert await live(database) == {
        "head.small.e1": ("v2", 2),
        "head.large.e1": ("w1", 1),
        "head.small.e2": ("x1", 1),
    }


async def test_rolling_back_is_promoting_the_older_version_with_a_higher_revision(database: Database) -> None:
    await add(database, head("v1"), "live")
    await add(database, head("v2"), "live")

    async with database.session() as session:
        rolled_back = await promote(session, "head", "small", "v1")
        again = await promote(session, "head", "small", "v1")
        await session.commit()
        found = {one.model.version: (one.status, one.reason) for one in await models(session)}

    assert rolled_back == again
    assert rolled_back.revision == 3
    assert found == {"v1": ("live", None), "v2": ("retired", "replaced by v1")}


async def test_of_many_promoted_at_once_one_is_live(database: Database) -> None:
    versions = [f"v{number}" for number in range(8)]
    for version in versions:
        await add(database, head(version))

    async def promoted(version: str) -> Model:
        async with database.session() as session:
            model = await promote(session, "head", "small", version)
            await session.commit()
            return model

    revisions = {model.revision: model.version for model in await asyncio.gather(*map(promoted, versions))}

    assert await live(database) == {"head.small.e1": (revisions[8], 8)}


async def test_a_version_is_never_used_for_another_file(database: Database) -> None:
    await add(database, head("v1"))

    assert await add(database, head("v1")) == head("v1")
    with pytest.raises(PermanentError, match="taken by another file"):
        await add(database, head("v1", sha256="b" * 64))


async def test_a_policy_and_an_encoder_need_no_llm(database: Database) -> None:
    policy = Model(kind="policy", version="p1", policy=PolicyParameters(alpha=0.5))
    encoder = Model(kind="encoder", version="e1", sha256="c" * 64, url="file:///e1")

    await add(database, policy, "live")
    await add(database, encoder, "live")
    await add(database, policy.model_copy(update={"version": "p2"}), "live")

    assert await live(database) == {"policy": ("p2", 2), "encoder": ("e1", 1)}
    async with database.session() as session:
        [stored] = [one for one in await models(session) if one.model.version == "p1"]
    assert (stored.model.policy, stored.status, stored.card) == (PolicyParameters(alpha=0.5), "retired", {"rows": 10})


async def test_promoting_an_unknown_version_says_so(database: Database) -> None:
    with pytest.raises(PermanentError, match="no version 'v9'"):
        async with database.session() as session:
            await promote(session, "head", "small", "v9")
