"""Pools of recorded LLMs and their list prices, as the data folder describes them."""

import csv
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.errors import ConfigurationError
from shared.messages.message import describe


class Pool(BaseModel):
    """One entry of pools.json."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: tuple[str, ...]
    #: Patterns of data set names; None takes all.
    datasets: tuple[str, ...] | None
    llms: Annotated[tuple[str, ...], Field(min_length=1)]

    def takes(self, dataset: str) -> bool:
        return self.datasets is None or any(fnmatch(dataset, pattern) for pattern in self.datasets)


class Price(BaseModel):
    """One row of llm_prices.csv."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    llm: str
    usd_per_m_input: Annotated[float, Field(ge=0)]
    usd_per_m_output: Annotated[float, Field(ge=0)]


_pools: TypeAdapter[dict[str, Pool]] = TypeAdapter(dict[str, Pool])


def read_pool(data: Path, name: str) -> Pool:
    """A pool of `pools.json`; raises ConfigurationError where there is none of that name."""
    file = data / "pools.json"
    try:
        pools = _pools.validate_json(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"expected pools at {file}: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigurationError(f"{file}: {describe(error)}") from error
    if name not in pools:
        raise ConfigurationError(f"expected a pool of {file}: {', '.join(pools)}; got {name}")
    return pools[name]


def read_prices(data: Path, llms: tuple[str, ...]) -> dict[str, Price]:
    """List prices by LLM; raises ConfigurationError where one of these LLMs has none."""
    file = data / "llm_prices.csv"
    try:
        with file.open(newline="") as rows:
            prices = {row["llm"]: Price.model_validate(row) for row in csv.DictReader(rows) if row["llm"] in llms}
    except OSError as error:
        raise ConfigurationError(f"expected prices at {file}: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigurationError(f"{file}: {describe(error)}") from error
    missing = [llm for llm in llms if llm not in prices]
    if missing:
        raise ConfigurationError(f"expected a price of each LLM in {file}; there is none of {', '.join(missing)}")
    return prices
