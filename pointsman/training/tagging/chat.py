"""Tags from a chat model behind any OpenAI-compatible endpoint, in the manner of InsTag (Lu et al., ICLR 2024)."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import openai
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion
from pydantic import BaseModel, TypeAdapter, ValidationError

from pointsman.training.tagging.tags import MOST_TAGS, Tags, cleaned
from shared.errors import ConfigurationError, TransientError

_INSTRUCTION = (
    f"Name what is needed to answer the request below, in at most {MOST_TAGS} tags: its subject, the kind of task, the "
    "skills it takes. A tag is one to three English words in lower case, as general as a library's shelf mark; the "
    "most telling one comes first. Do not answer the request. Reply with a JSON list of strings alone, such as "
    '["algebra", "word problem"].'
)
_MOST_CHARACTERS = 4_000
_ANSWER_TOKENS = 200


class _Tag(BaseModel):
    """One tag as the published InsTagger writes it: beside an explanation."""

    tag: str


_answers = TypeAdapter(list[str | _Tag])


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """Who is asked, and how hard."""

    #: Ends in /v1, as the SDK takes it.
    base_url: str
    model: str
    #: None where the endpoint needs none.
    key_file: Path | None = None
    concurrency: int = 8
    #: Of one call, after the first; the SDK waits longer before each.
    retries: int = 5
    timeout_s: float = 60.0


class ChatTagger:
    """Asks once per prompt and model: answers are kept in `cache`, so a run that was cut goes on where it was."""

    def __init__(self, endpoint: ChatEndpoint, cache: Path) -> None:
        self._endpoint = endpoint
        self._cache = cache
        #: Answers that were no list of tags, in the last run; they are asked for again in the next.
        self.bad_answers = 0

    def __call__(self, prompts: Sequence[str], progress: Callable[[int], None]) -> list[Tags]:
        """Tags of every prompt, none where the answer was bad.

        Raises TransientError when the endpoint stays away, ConfigurationError when it refuses us.
        """
        self.bad_answers = 0
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._cache)) as database:
            database.execute("create table if not exists tags (query blob primary key, tags text)")
            known = {prompt: tags for prompt in prompts if (tags := self._known(prompt, database)) is not None}
            missing = [prompt for prompt in dict.fromkeys(prompts) if prompt not in known]

            def keep(prompt: str, tags: Tags | None) -> None:
                if tags is None:
                    self.bad_answers += 1
                else:
                    row = (self._key(prompt), _answers.dump_json(list(tags)).decode())
                    database.execute("insert or replace into tags values (?, ?)", row)
                    database.commit()
                known[prompt] = tags or ()
                progress(len(known))

            asyncio.run(self._ask_all(missing, keep))
        return [known[prompt] for prompt in prompts]

    async def _ask_all(self, prompts: Sequence[str], keep: Callable[[str, Tags | None], None]) -> None:
        endpoint, waiting = self._endpoint, iter(prompts)
        async with AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=_read_key(endpoint.key_file),
            max_retries=endpoint.retries,
            timeout=endpoint.timeout_s,
        ) as client:

            async def work() -> None:
                for prompt in waiting:
                    keep(prompt, await self._ask(client, prompt))

            try:
                async with asyncio.TaskGroup() as workers:
                    for _ in range(min(endpoint.concurrency, len(prompts))):
                        workers.create_task(work())
            except* openai.OpenAIError as failed:
                raise _explained(failed.exceptions[0], endpoint) from failed

    async def _ask(self, client: AsyncOpenAI, prompt: str) -> Tags | None:
        """None for an answer that is no list of tags, and for a query the endpoint cannot take."""
        try:
            completion = await client.chat.completions.create(
                model=self._endpoint.model,
                messages=[{"role": "system", "content": _INSTRUCTION}, {"role": "user", "content": _cut(prompt)}],
                temperature=0,
                max_tokens=_ANSWER_TOKENS,
            )
        except (openai.BadRequestError, openai.UnprocessableEntityError, openai.APIResponseValidationError):
            return None
        if not isinstance(completion, ChatCompletion) or not completion.choices:
            return None
        return read_answer(completion.choices[0].message.content or "")

    def _known(self, prompt: str, database: sqlite3.Connection) -> Tags | None:
        row = database.execute("select tags from tags where query = ?", (self._key(prompt),)).fetchone()
        return None if row is None else read_answer(row[0])

    def _key(self, prompt: str) -> bytes:
        return sha256(f"{self._endpoint.model}\n{_INSTRUCTION}\n{prompt}".encode()).digest()


def read_answer(text: str) -> Tags | None:
    """The tags in a model's answer, with or without words around them; None when there is no list of tags in it.

    >>> read_answer('Here you are: [{"tag": "Algebra", "explanation": "solves for x"}]')
    ('algebra',)
    """
    start, end = text.find("["), text.rfind("]")
    try:
        found = _answers.validate_json(text[start : end + 1])
    except ValidationError:
        return None
    return cleaned(each if isinstance(each, str) else each.tag for each in found)


def _cut(prompt: str) -> str:
    """Head and tail of a long prompt: tasks stand at either end."""
    half = _MOST_CHARACTERS // 2
    return prompt if len(prompt) <= _MOST_CHARACTERS else f"{prompt[:half]}\n…\n{prompt[-half:]}"


def _read_key(file: Path | None) -> str:
    if file is None:
        return "none"
    try:
        return file.read_text().strip()
    except OSError as error:
        raise ConfigurationError(f"--tagger-key-file: cannot read {file}: {error.strerror}") from error


def _explained(error: BaseException, endpoint: ChatEndpoint) -> TransientError | ConfigurationError:
    where = f"the tagger {endpoint.model} at {endpoint.base_url}"
    away = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError, openai.ConflictError)
    if isinstance(error, away):
        return TransientError(f"{where} stays away: {error}; run again, what is tagged is kept")
    return ConfigurationError(f"--tagger: {where} refuses: {error}")
