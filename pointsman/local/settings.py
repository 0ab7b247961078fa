"""What the local fleet and the commands read from the environment."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class LocalSettings(BaseSettings):
    """`POINTSMAN_<FIELD>`; options of the command go before them."""

    model_config = SettingsConfigDict(env_prefix="POINTSMAN_", frozen=True, extra="ignore")

    #: State folder of the fleet on this machine.
    state: Path | None = None
    #: A fleet that runs elsewhere.
    kafka: str | None = None
    postgres: str | None = None
    artifacts: str | None = None
    home_partitions: int | None = None
    #: Folder of the API keys that descriptors name; None: `keys` in the state folder.
    keys_dir: Path | None = None
    #: How long calls in flight may go on after Ctrl-C; on one machine somebody is waiting.
    drain_s: float = 15
