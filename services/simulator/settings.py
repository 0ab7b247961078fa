"""What the simulator is told at start: `--<option>`, or POINTSMAN_SIMULATOR_<OPTION>."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class SimulatorSettings(BaseSettings):
    """Serve simulated LLMs over OpenAI's chat API."""

    model_config = SettingsConfigDict(
        env_prefix="POINTSMAN_SIMULATOR_",
        frozen=True,
        cli_kebab_case=True,
        cli_hide_none_type=True,
        cli_prog_name="python -m services.simulator",
    )

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535, description="0 takes a free one")
    port_file: Path | None = Field(default=None, description="where the port is written once it listens")
    descriptors: Path | None = Field(default=None, description="folder for the LLMs' env files")
    llms: int | None = Field(
        default=None, gt=0, description="how many get a descriptor, all are served; 4 planted ones, all of a pool"
    )
    speed: float = Field(default=1.0, gt=0, description="faster than real time by this factor")
    seed: int = Field(default=0, description="of the planted skills' luck")
    data: Path | None = Field(
        default=None, description="folder of recorded answers: canonical parquet, pools.json, llm_prices.csv"
    )
    pool: str | None = Field(default=None, description="pool of pools.json to replay")
    log_level: str = "INFO"

    @model_validator(mode="after")
    def _names_data_and_pool(self) -> Self:
        if (self.data is None) != (self.pool is None):
            raise ValueError("expected data and pool together, or neither")
        return self
