"""What `pointsman train` is told about tags and encoder, and what it says of them."""

from dataclasses import dataclass
from pathlib import Path

from pointsman.command.options import TaggerName
from pointsman.training.config import TrainConfig
from pointsman.training.encoding import Encoding, EncodingConfig
from pointsman.training.tagging.chat import ChatEndpoint, ChatTagger
from pointsman.training.tagging.domains import Tagger
from pointsman.training.tagging.phrases import PhraseTagger
from pointsman.training.tuning.config import AdoptConfig, TuneConfig
from shared.addresses import checked
from shared.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Tagging:
    """Who says what queries are about; the others are for `chat` alone."""

    tagger: TaggerName = "labels"
    url: str | None = None
    model: str | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Tuning:
    """How an encoder is tuned."""

    epochs: int
    #: None takes as many layers as are exported.
    depth: int | None


def train_config(tagging: Tagging, tuning: Tuning | None, cache: Path, seed: int) -> TrainConfig:
    """All settings of a run; raises ConfigurationError naming the option that is missing or wrong."""
    plain = TrainConfig(seed=seed)
    adopt = None
    if tuning is not None:
        how = TuneConfig(epochs=tuning.epochs, seed=seed)
        depth = AdoptConfig().depth if tuning.depth is None else tuning.depth
        adopt = AdoptConfig(how, depth=depth, held_out=plain.held_out, seed=seed, tagger=tagging.tagger)
    return TrainConfig(encoding=EncodingConfig(_tagger(tagging, cache), adopt, seed), seed=seed)


def _tagger(tagging: Tagging, cache: Path) -> Tagger | None:
    if tagging.tagger == "labels":
        return None
    if tagging.tagger == "phrases":
        return PhraseTagger()
    if tagging.url is None or tagging.model is None:
        raise ConfigurationError("--tagger chat: expected --tagger-url and --tagger-model with it")
    try:
        url = checked(tagging.url)
    except ValueError as error:
        raise ConfigurationError(f"--tagger-url: {error}") from error
    return ChatTagger(ChatEndpoint(url, tagging.model, tagging.key_file), cache / "tags.sqlite")


def describe(encoding: Encoding) -> list[str]:
    """A line on domains and, where an encoder was tuned, one on what became of it."""
    audit = encoding.audit
    largest = ", ".join(f"{name} {share:.0%}" for name, share in list(audit.domain_shares.items())[:5])
    lines = [f"Domains: {len(audit.domain_shares)}, of {audit.tagged_share:.0%} of the queries: {largest or 'none'}."]
    adoption = encoding.adoption
    if adoption is None:
        return lines
    verdict = adoption.verdict
    ended = "all epochs were done" if adoption.tuned.ended is None else adoption.tuned.ended
    numbers = (
        f"held-out squared error of quality {verdict.tuned:.4f} against {verdict.plain:.4f} of the plain one on "
        f"{verdict.rows} queries, gain at least {verdict.least_gain:+.5f} (95 %); {ended}"
    )
    kept = "adopted" if adoption.served is not None else "rejected, the plain one stays"
    return [*lines, f"Tuned encoder {kept}: {numbers}."]
