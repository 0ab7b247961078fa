"""What the simulator is told at start: `--<option>`, or POINTSMAN_SIMULATOR_<OPTION>."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class SimulatorSettings(BaseSettings):
    """Frozen, passed down, read nowhere else."""

    model_config = SettingsConfigDict(
        env_prefix="POINTSMAN_SIMULATOR_",
        frozen=True,
        cli_kebab_case=True,
        cli_prog_name="python -m services.simulator",
        cli_hide_none_type=True,
    )

    host: str = "127.0.0.1"
    #: 0 takes a free one.
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    #: Where the port is written once it listens.
    port_file: Path | None = None
    #: Where the LLMs' descriptors are written once it listens.
    descriptors: Path | None = None
    #: How many LLMs get a descriptor; all are served. None: 4 of the planted cast, all of a pool.
    llms: Annotated[int, Field(gt=0)] | None = None
    #: Faster than real time by this factor.
    speed: Annotated[float, Field(gt=0)] = 1.0
    #: Seed of the planted skills' luck.
    seed: int = 0
    #: Folder with canonical parquet files, pools.json and llm_prices.csv; None plants skills.
    data: Path | None = None
    #: Name of a pool of LLMs in pools.json.
    pool: str | None = None
    log_level: str = "INFO"

    @model_validator(mode="after")
    def _data_and_pool(self) -> Self:
        if (self.data is None) != (self.pool is None):
            raise ValueError("expected data and pool together, or neither")
        return self
