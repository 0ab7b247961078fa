"""The LLMs' descriptors: one env file each, as `pointsman up` and `pointsman llms add` read them."""

from pathlib import Path

from services.simulator.profiles import Profile

#: Folder, below that of the descriptors, of LLMs which the simulator also serves and which may be added later.
SPARE = "spare"


def write_descriptors(folder: Path, base_url: str, speed: float, profiles: list[Profile], spare: list[Profile]) -> None:
    """Write `<folder>/<name>.env` for each profile, and `<folder>/spare/<name>.env` for each spare one."""
    for where, several in ((folder, profiles), (folder / SPARE, spare)):
        where.mkdir(parents=True, exist_ok=True)
        for profile in several:
            (where / f"{profile.name}.env").write_text(descriptor(profile, base_url, speed))


def descriptor(profile: Profile, base_url: str, speed: float) -> str:
    """The env file of one LLM; its speeds as the fleet will measure them."""
    values = {
        "NAME": profile.name,
        "BASE_URL": base_url,
        "MODEL": profile.name,
        "USD_PER_MTOK_INPUT": profile.usd_per_mtok_input,
        "USD_PER_MTOK_OUTPUT": profile.usd_per_mtok_output,
        "CONTEXT_TOKENS": profile.context_tokens,
        "PARALLELISM": profile.parallelism,
        "PRIOR_QUALITY": profile.prior_quality,
        "PRIOR_RESPONSE_TOKENS": profile.prior_response_tokens,
        "PRIOR_FIRST_TOKEN_S": profile.first_token_s / speed,
        "PRIOR_TOKENS_PER_S": profile.tokens_per_s * speed,
    }
    return "".join(f"POINTSMAN_LLM_{key}={value}\n" for key, value in values.items())
