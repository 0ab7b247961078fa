"""The exported sentence encoder: texts in, out what is computed of each once. The graph's names and card live here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from tokenizers import Encoding, Tokenizer

from shared.artifacts import Artifacts
from shared.atlas import Atlas, Place
from shared.errors import ArtifactError
from shared.features import features_of
from shared.inference import Floats, Session, check_shapes
from shared.messages import Model

#: Names in the graph; other than those of its inner values, which torch's exporter takes from the code.
INPUT_IDS, ATTENTION_MASK, SENTENCE_VECTOR = "input_ids", "attention_mask", "sentence_vector"
#: Characters that an unknown word (a blob, a hash) is taken to spend per token.
_CHARACTERS_PER_TOKEN = 4


class EncoderCard(BaseModel):
    """What is known of an exported encoder; stored beside its file and in the registry."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: str
    name: str
    #: sha256 of the tokenizer's file (`tokenizer.json`), stored beside.
    tokenizer_sha256: str
    dimensions: Annotated[int, Field(gt=0)]
    #: Layers after the word vectors.
    depth: Annotated[int, Field(ge=0)]
    #: Tokens that are read of a text, the two special ones included; head and tail of a longer one.
    max_length: Annotated[int, Field(gt=2)]
    precision: str
    opset: int
    #: Versions of what made it.
    made_by: dict[str, str]
    #: See services/embedder/export.py.
    measured: dict[str, float]
    #: How it was fine-tuned, and what that gained; None of a plain one.
    tuning: dict[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """What is embedded, and all that an LLM will read."""

    embedded: str
    #: Counted uncut; None when it is the embedded text itself.
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text's vector, (d,) float32 of unit length, its tokens, uncut, and what else heads read."""

    vector: Floats
    prompt_tokens: int
    #: Tokens the encoder read, and those it was padded to.
    read_tokens: int
    padded_tokens: int
    #: Of the embedded text, (f,); see shared.features.
    features: Floats
    #: Among the training queries; None without an atlas.
    place: Place | None = None


class Encoder:
    """A loaded encoder with its atlas, if it has one. Blocking, like its session."""

    def __init__(
        self, model: Model, card: EncoderCard, tokenizer: Tokenizer, session: Session, atlas: Atlas | None
    ) -> None:
        """Raises ArtifactError when the graph's inputs and outputs are not an encoder's, or the atlas is another's."""
        check_shapes("inputs", {INPUT_IDS: (None, None), ATTENTION_MASK: (None, None)}, session.inputs)
        check_shapes("outputs", {SENTENCE_VECTOR: (None, card.dimensions)}, session.outputs)
        if atlas is not None and atlas.card.encoder != card.version:
            raise ArtifactError(
                f"expected an atlas of {card.version}'s vectors, {model.version} has one of {atlas.card.encoder}'s; "
                "train again"
            )
        #: Its version is of encoder and atlas together, the card's of the encoder alone.
        self.model = model
        self.card = card
        self.atlas = atlas
        self._session = session
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._unknown = tokenizer.token_to_id("[UNK]")
        #: The special tokens around every text.
        self._start, self._end = tokenizer.encode("").ids

    @classmethod
    def load(cls, model: Model, artifacts: Artifacts, threads: int = 1) -> "Encoder":
        """Fetch what `model` names; raises ArtifactError when a file is missing or not what its card says."""
        if model.sha256 is None:
            raise ArtifactError(f"expected encoder {model.version} to name a file; export it again")
        try:
            card = EncoderCard.model_validate(dict(artifacts.card(model.sha256)))
        except ValidationError as error:
            raise ArtifactError(f"expected {model.version} to have an encoder's card: {error}") from error
        tokenizer = Tokenizer.from_str(artifacts.get(card.tokenizer_sha256).decode())
        atlas = None if model.atlas_sha256 is None else Atlas.load(model.atlas_sha256, artifacts, threads)
        return cls(model, card, tokenizer, Session(artifacts.get(model.sha256), threads), atlas)

    def encode(self, texts: Sequence[Text], token_budget: int) -> list[Encoded]:
        """Embed `texts` in micro-batches of at most `token_budget` tokens, padding included."""
        tokenized = self._tokenizer.encode_batch([text.embedded for text in texts], add_special_tokens=False)
        counts = self._count(texts, tokenized)
        read = [self._cut(tokens.ids) for tokens in tokenized]
        found: dict[int, Encoded] = {}
        for members in micro_batches([len(ids) for ids in read], token_budget):
            batch = [read[index] for index in members]
            longest = max(len(ids) for ids in batch)
            for index, vector in zip(members, self._embed(batch, longest), strict=True):
                features = features_of(texts[index].embedded)
                found[index] = Encoded(vector, counts[index], len(read[index]), longest, features)
        return self._placed([found[index] for index in range(len(texts))])

    def _placed(self, encoded: list[Encoded]) -> list[Encoded]:
        """All at once: the atlas is read from memory once for them."""
        if self.atlas is None or not encoded:
            return encoded
        places = self.atlas.place(np.stack([each.vector for each in encoded]))
        return [replace(each, place=place) for each, place in zip(encoded, places, strict=True)]

    def _cut(self, ids: list[int]) -> list[int]:
        """Head and tail where a text is longer than the encoder reads: tasks stand at either end."""
        room = self.card.max_length - 2
        if len(ids) > room:
            ids = ids[: room - room // 2] + ids[-(room // 2) :]
        return [self._start, *ids, self._end]

    def _count(self, texts: Sequence[Text], tokenized: Sequence[Encoding]) -> list[int]:
        longer = [text.whole for text in texts if text.whole is not None]
        wholes = iter(self._tokenizer.encode_batch(longer, add_special_tokens=False))
        return [
            self._tokens(own if text.whole is None else next(wholes))
            for text, own in zip(texts, tokenized, strict=True)
        ]

    def _tokens(self, encoding: Encoding) -> int:
        """Tokens of a text; a word the tokenizer gives up on (over 100 characters) counts by its length."""
        if self._unknown not in encoding.ids:
            return len(encoding.ids)
        return sum(
            ceil((end - start) / _CHARACTERS_PER_TOKEN) if token == self._unknown else 1
            for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
        )

    def _embed(self, batch: list[list[int]], longest: int) -> Floats:
        ids = np.zeros((len(batch), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        vectors: Floats = self._session({INPUT_IDS: ids, ATTENTION_MASK: mask})[SENTENCE_VECTOR]
        return vectors


def micro_batches(lengths: Sequence[int], token_budget: int) -> list[list[int]]:
    """Group indices of similar length so that count x longest stays within the budget; a longer one goes alone.

    >>> micro_batches([3, 90, 4, 80, 200], 180)
    [[0, 2], [3, 1], [4]]
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batches and (len(batches[-1]) + 1) * lengths[index] <= token_budget:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches
