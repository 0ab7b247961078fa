"""What the fleet may ask and what it predicts with. Postgres decides; `llms` and `models` are its copies.

Functions take a session; the caller commits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import JsonValue
from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.locks import lock
from shared.database.tables import LlmRow, ModelRow
from shared.errors import PermanentError
from shared.messages import Llm, Model, PolicyParameters

Status = Literal["candidate", "live", "rejected", "retired"]


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model version with what is known of it."""

    model: Model
    status: str
    #: Why it was rejected or retired.
    reason: str | None
    card: JsonValue
    added_at: datetime


async def add_llm(session: AsyncSession, llm: Llm) -> Llm:
    """The LLM as it is now registered, also if it had been removed; its revision grows with each change."""
    row = await _locked(session, llm)
    return _change(row, llm, removed=False)


async def register_llm(session: AsyncSession, llm: Llm) -> Llm:
    """Like add_llm, for a worker that starts: a removed LLM stays removed, and comes back so."""
    row = await _locked(session, llm)
    return _llm(row) if row.removed else _change(row, llm, removed=False)


async def remove_llm(session: AsyncSession, name: str) -> Llm:
    """The LLM, now marked removed; raises PermanentError when there never was one of that name."""
    row = await session.get(LlmRow, name, with_for_update=True)
    if row is None:
        raise PermanentError(f"expected the name of a registered LLM, there is no {name!r}; see `pointsman llms list`")
    return _change(row, _llm(row), removed=True)


async def expect_llm(session: AsyncSession, name: str | None) -> None:
    """Raise PermanentError for an LLM that was removed: nothing predicts for it."""
    if any(llm.removed for llm in await llms(session) if llm.name == name):
        raise PermanentError(f"expected an LLM of the fleet, {name} was removed; add it again: pointsman llms add FILE")


async def llms(session: AsyncSession) -> list[Llm]:
    """Every LLM there ever was, removed ones included, by name."""
    return [_llm(row) for row in await session.scalars(select(LlmRow).order_by(LlmRow.name))]


async def add_model(
    session: AsyncSession, model: Model, card: Mapping[str, JsonValue], status: Status, reason: str | None = None
) -> Model:
    """The model as it is now registered; one that is to be live replaces the one that was.

    Raises PermanentError when the version is taken by another file.
    """
    values = {
        **model.model_dump(mode="json", exclude={"revision"}),
        "revision": 0,
        "status": "candidate" if status == "live" else status,
        "reason": reason,
        "card": dict(card),
    }
    await session.execute(insert(ModelRow).values(values).on_conflict_do_nothing())
    row = await _model_row(session, model.kind, model.llm, model.version)
    if (row.sha256, row.atlas_sha256, row.encoder) != (model.sha256, model.atlas_sha256, model.encoder):
        raise PermanentError(f"version {model.version!r} of {model.key} is taken by another file; use a new one")
    return await promote(session, model.kind, model.llm, model.version) if status == "live" else _model(row)


async def enter_model(
    session: AsyncSession, model: Model, card: Mapping[str, JsonValue], rejected: str | None
) -> Model | None:
    """Add a judged version: live at once, or rejected with the reason; the live model, if it is."""
    if rejected is not None:
        await add_model(session, model, card, "rejected", rejected)
        return None
    return await add_model(session, model, card, "live")


async def promote(session: AsyncSession, kind: str, llm: str | None, version: str) -> Model:
    """The model, now live in place of the one that was; one that is live already stays as it is.

    Raises PermanentError for an unknown version.
    """
    await lock(session, f"promote {kind} {llm}")
    row = await _model_row(session, kind, llm, version)
    if row.status == "live":
        return _model(row)
    newest = await session.scalar(select(func.max(ModelRow.revision)).where(_rivals(row)))
    retire = update(ModelRow).where(_rivals(row), ModelRow.status == "live")
    await session.execute(retire.values(status="retired", reason=f"replaced by {version}"))
    row.status, row.reason, row.revision = "live", None, (newest or 0) + 1
    await session.flush()
    return _model(row)


async def roll_back(session: AsyncSession, kind: str, llm: str | None, because: str | None = None) -> Model:
    """The version that was live before, now live again; the one that was live is rejected, with the reason.

    Of a head for the live encoder, as only that one predicts. Raises PermanentError when nothing is live, or nothing
    was before.
    """
    await lock(session, f"promote {kind} {llm}")
    row = await session.scalar(select(ModelRow).where(*await _live(session, kind, llm)))
    whose = kind if llm is None else f"{kind} of {llm}"
    if row is None:
        raise PermanentError(f"expected a live {whose}, there is none; see `pointsman models list`")
    retired = select(ModelRow).where(_rivals(row), ModelRow.status == "retired")
    earlier = await session.scalar(retired.order_by(ModelRow.revision.desc()).limit(1))
    if earlier is None:
        raise PermanentError(
            f"expected an earlier {whose} to go back to, {row.version} is the only one that was live; "
            "see `pointsman models list`"
        )
    live = await promote(session, kind, llm, earlier.version)
    row.status = "rejected"
    row.reason = f"rolled back to {live.version}" + ("" if because is None else f": {because}")
    await session.flush()
    return live


async def live_models(session: AsyncSession) -> list[Model]:
    rows = await session.scalars(select(ModelRow).where(ModelRow.status == "live").order_by(ModelRow.id))
    return [_model(row) for row in rows]


async def has_encoder(session: AsyncSession) -> bool:
    """Whether an encoder is live: without one no query can be embedded."""
    return any(model.kind == "encoder" for model in await live_models(session))


async def models(session: AsyncSession) -> list[RegisteredModel]:
    """Every version, oldest first."""
    rows = await session.scalars(select(ModelRow).order_by(ModelRow.id))
    return [RegisteredModel(_model(row), row.status, row.reason, row.card, row.added_at) for row in rows]


async def _locked(session: AsyncSession, llm: Llm) -> LlmRow:
    """The LLM's row, locked so that a change compares with the newest revision; a new one has revision 0."""
    new = insert(LlmRow).values(name=llm.name, revision=0, removed=False, descriptor=_descriptor(llm))
    await session.execute(new.on_conflict_do_nothing())
    return await session.get_one(LlmRow, llm.name, with_for_update=True, populate_existing=True)


def _change(row: LlmRow, llm: Llm, *, removed: bool) -> Llm:
    descriptor = _descriptor(llm)
    if row.revision == 0 or (row.removed, row.descriptor) != (removed, descriptor):
        row.descriptor, row.removed, row.revision = descriptor, removed, row.revision + 1
    return _llm(row)


def _descriptor(llm: Llm) -> JsonValue:
    dumped: JsonValue = llm.model_dump(mode="json", exclude={"revision", "removed"})
    return dumped


def _llm(row: LlmRow) -> Llm:
    return Llm.model_validate(row.descriptor).model_copy(update={"revision": row.revision, "removed": row.removed})


async def _model_row(session: AsyncSession, kind: str, llm: str | None, version: str) -> ModelRow:
    statement = select(ModelRow).where(
        ModelRow.kind == kind, ModelRow.llm.is_not_distinct_from(llm), ModelRow.version == version
    )
    row = await session.scalar(statement.execution_options(populate_existing=True))
    if row is None:
        whose = kind if llm is None else f"{kind} of {llm}"
        raise PermanentError(f"there is no version {version!r} of the {whose}; see `pointsman models list`")
    return row


async def _live(session: AsyncSession, kind: str, llm: str | None) -> list[ColumnElement[bool]]:
    """What tells the live version of a kind, or of an LLM's heads the one that reads the live encoder's vectors."""
    wanted = [ModelRow.status == "live", ModelRow.kind == kind, ModelRow.llm.is_not_distinct_from(llm)]
    if kind == "head":
        encoder = select(ModelRow.version).where(ModelRow.status == "live", ModelRow.kind == "encoder")
        wanted.append(ModelRow.encoder == encoder.scalar_subquery())
    return wanted


def _rivals(row: ModelRow) -> ColumnElement[bool]:
    """All versions that share the record key of this one on `models`."""
    return and_(
        ModelRow.kind == row.kind,
        ModelRow.llm.is_not_distinct_from(row.llm),
        ModelRow.encoder.is_not_distinct_from(row.encoder),
    )


def _model(row: ModelRow) -> Model:
    return Model.model_validate(
        {
            "kind": row.kind,
            "llm": row.llm,
            "version": row.version,
            "encoder": row.encoder,
            "sha256": row.sha256,
            "atlas_sha256": row.atlas_sha256,
            "url": row.url,
            "policy": None if row.policy is None else PolicyParameters.model_validate(row.policy),
            "revision": row.revision,
        }
    )
