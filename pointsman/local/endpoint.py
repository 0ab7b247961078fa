"""Small synchronous questions to a service's health endpoint on this machine."""

from http.client import HTTPConnection, HTTPException
from pathlib import Path

from pointsman.local.ports import HOST


def address(port_file: Path) -> str | None:
    """Base URL of the process that wrote its port there; None until it did."""
    try:
        return f"http://{HOST}:{int(port_file.read_text())}"
    except (FileNotFoundError, ValueError):
        return None


def answers(port_file: Path, path: str) -> bool:
    """Whether a GET of that path succeeds."""
    return ask(address(port_file), path) is not None


def ask(base_url: str | None, path: str) -> str | None:
    """The body of a successful GET; None when the process does not answer or says no."""
    if base_url is None:
        return None
    connection = HTTPConnection(base_url.removeprefix("http://"), timeout=2)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
        return body if response.status == 200 else None
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
