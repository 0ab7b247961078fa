"""Tags that the data already has: each query's data set."""

from collections.abc import Callable, Mapping, Sequence

from pointsman.training.tagging.tags import Tags, cleaned


class LabelTagger:
    """Tags a prompt by its label in the data."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        """`labels` by prompt; a prompt without one gets no tag."""
        self._labels = labels

    def __call__(self, prompts: Sequence[str], progress: Callable[[int], None]) -> list[Tags]:
        tags = [cleaned([self._labels.get(prompt, "")]) for prompt in prompts]
        progress(len(prompts))
        return tags
