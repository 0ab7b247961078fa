"""The options that several subcommands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pointsman.local.state import DEFAULT

State = Annotated[
    Path | None,
    typer.Option(
        help="State folder of the fleet; else POINTSMAN_STATE, ./.pointsman, POINTSMAN_KAFKA and POINTSMAN_POSTGRES.",
        show_default=False,
    ),
]
#: Of what acts on the processes of this machine, and so on no fleet elsewhere.
StateFolder = Annotated[
    Path | None, typer.Option("--state", help=f"State folder; default POINTSMAN_STATE, else ./{DEFAULT}.")
]
Tenant = Annotated[str, typer.Option(help="Whose query: ids are per tenant.")]
#: Who says what queries are about: their data sets, their key phrases, a chat model.
TaggerName = Literal["labels", "phrases", "chat"]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table for people.")]
