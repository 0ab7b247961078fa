"""Which addresses an LLM may have."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
#: urlsplit overlooks what stands beside the brackets of an IPv6 address.
_NETLOC = re.compile(r"(\[[^\[\]]+\]|[^\[\]:]+)(:[0-9]*)?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}")


def checked(url: str) -> str:
    """The URL without a slash at its end; raises ValueError for one that a client could not call.

    >>> checked("https://llm.example/v1/")
    'https://llm.example/v1'
    """
    if not _PRINTABLE.fullmatch(url):
        raise ValueError("expected a URL of printable ASCII without spaces; write another host's name as xn--…")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected a URL like https://host/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("expected a URL without credentials, query or fragment; a key belongs into a file")
    _check_port(parts)
    _check_host(parts.hostname)
    return url.rstrip("/")


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


def _check_port(parts: SplitResult) -> None:
    try:
        fine = parts.port != 0 and _NETLOC.fullmatch(parts.netloc) is not None
    except ValueError:
        fine = False
    if not fine:
        raise ValueError("expected a port from 1 to 65535")


def _check_host(host: str) -> None:
    labels = host.removesuffix(".").split(".")
    try:
        if ":" in host:
            fine = IPv6Address(host).scope_id is None
        elif labels[-1].isdigit():
            fine = str(IPv4Address(host)) == host
        else:
            fine = all(_LABEL.fullmatch(label) for label in labels)
    except ValueError:
        fine = False
    if not fine:
        raise ValueError("expected the name or IP address of a host after http:// or https://")
