"""Tags that the data already has: each query's data set."""

from collections.abc import Callable, Mapping, Sequence

from pointsman.training.recorded import Recorded
from pointsman.training.tagging.tags import Tags, cleaned


class LabelTagger:
    """Tags a prompt by its label in the data."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        """`labels` by prompt; a prompt without one gets no tag."""
        self._labels = labels

    @classmethod
    def of(cls, recorded: Recorded) -> "LabelTagger":
        """By the data sets of recorded prompts; nobody is tagged where those are not known."""
        return cls(dict(zip(recorded.prompts, recorded.datasets or (), strict=recorded.datasets is not None)))

    def __call__(self, prompts: Sequence[str], progress: Callable[[int], None]) -> list[Tags]:
        tags = [cleaned([self._labels.get(prompt, "")]) for prompt in prompts]
        progress(len(prompts))
        return tags
