"""What people use: the `pointsman` command, the Python client, the fleet on one machine."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pointsman.client import Client
    from shared.messages import Preferences

__all__ = ["Client", "Preferences"]


def __getattr__(name: str) -> object:
    # On first use: the command's `--help` need not load a Kafka client.
    if name == "Client":
        from pointsman.client import Client

        return Client
    if name == "Preferences":
        from shared.messages import Preferences

        return Preferences
    raise AttributeError(f"module 'pointsman' has no attribute {name!r}")
