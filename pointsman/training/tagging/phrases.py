"""Tags without any model: the key phrases of a query, told from what the other queries say."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log, sqrt

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from pointsman.training.tagging.tags import Tags, cleaned

#: Letters of any script; what is shorter than three says little.
_WORD = re.compile(r"[^\W\d_]{3,}")
#: Between two words of one phrase there is nothing but this.
_JOINED = re.compile(r"[ \t'-]{1,2}")

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhraseConfig:
    """Which phrases count."""

    tags: int = 3
    longest_words: int = 3
    #: Words in fewer queries are names and misprints, words in a larger share are how such queries are worded.
    fewest_queries: int = 3
    largest_share: float = 0.3


class PhraseTagger:
    """Runs of content words, as in RAKE (Rose et al. 2010), ranked by TF-IDF over the prompts at hand."""

    def __init__(self, config: PhraseConfig | None = None) -> None:
        self._config = config or PhraseConfig()

    def __call__(self, prompts: Sequence[str], progress: Callable[[int], None]) -> list[Tags]:
        weights = self._weights(prompts)
        tags = [self._tags(prompt, weights) for prompt in prompts]
        progress(len(prompts))
        return tags

    def _weights(self, prompts: Sequence[str]) -> dict[str, float]:
        """idf = ln(n / queries with the word), of the words that count."""
        config, total = self._config, len(prompts)
        queries = Counter(word for prompt in prompts for word in set(_WORD.findall(prompt.lower())))
        most = max(config.largest_share * total, 1)
        # In a handful of prompts every word is rare.
        fewest = min(config.fewest_queries, most)
        return {
            word: log(total / count) if total > count else 1.0
            for word, count in queries.items()
            if fewest <= count <= most and word not in ENGLISH_STOP_WORDS
        }

    def _tags(self, prompt: str, weights: dict[str, float]) -> Tags:
        phrases = list(_phrases(prompt.lower(), weights, self._config.longest_words))
        often = Counter(word for phrase in phrases for word in phrase)
        scores = {phrase: sum(often[word] * weights[word] for word in phrase) / sqrt(len(phrase)) for phrase in phrases}
        # Stable: of equal phrases, the first in the prompt.
        ranked = sorted(scores, key=scores.__getitem__, reverse=True)
        return cleaned(" ".join(phrase) for phrase in ranked)[: self._config.tags]


def _phrases(text: str, weights: dict[str, float], longest: int) -> Iterator[Phrase]:
    """Runs of at most `longest` neighbouring words that count."""
    run: list[str] = []
    end = 0
    for match in _WORD.finditer(text):
        joined = _JOINED.fullmatch(text, end, match.start()) is not None
        counts = match[0] in weights
        if run and (not joined or not counts or len(run) == longest):
            yield tuple(run)
            run = []
        if counts:
            run.append(match[0])
        end = match.end()
    if run:
        yield tuple(run)
