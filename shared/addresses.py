"""Which addresses an LLM may have."""

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit


def is_allowed(url: str, roots: Sequence[str]) -> bool:
    """Whether `url` is one of `roots` or lies below one; no roots allow all.

    Compared by parts, as text one host can begin another.

    >>> is_allowed("https://llm.example/v1", ["https://llm.example"])
    True
    >>> is_allowed("https://llm.example.org/v1", ["https://llm.example"])
    False
    """
    return not roots or any(_within(urlsplit(url), urlsplit(root)) for root in roots)


def _within(url: SplitResult, root: SplitResult) -> bool:
    same_server = (url.scheme, url.hostname, url.port) == (root.scheme, root.hostname, root.port)
    folder = root.path.rstrip("/")
    return same_server and ".." not in url.path and (url.path == folder or url.path.startswith(f"{folder}/"))
