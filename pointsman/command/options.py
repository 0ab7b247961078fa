"""The options that several subcommands share."""

from pathlib import Path
from typing import Annotated

import typer

State = Annotated[
    Path | None,
    typer.Option(
        help="State folder of the fleet; else POINTSMAN_STATE, ./.pointsman, POINTSMAN_KAFKA and POINTSMAN_POSTGRES.",
        show_default=False,
    ),
]
Tenant = Annotated[str, typer.Option(help="Whose query: ids are per tenant.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table for people.")]
