from pathlib import Path

from services.simulator.descriptors import write_descriptors
from services.simulator.profiles import CAST
from shared.messages import Llm

PREFIX = "POINTSMAN_LLM_"


def read(file: Path) -> dict[str, str]:
    lines = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert all(name.startswith(PREFIX) for name in lines)
    return {name.removeprefix(PREFIX).lower(): value for name, value in lines.items()}


def test_a_descriptor_describes_an_llm_as_the_registry_has_it(tmp_path: Path) -> None:
    write_descriptors(tmp_path, "http://127.0.0.1:9/v1", 4.0, [CAST[0]], [])

    fields = read(tmp_path / "plover-mini.env")
    llm = Llm.model_validate(fields)

    assert fields.keys() <= Llm.model_fields.keys()
    assert (llm.name, llm.model, llm.base_url) == ("plover-mini", "plover-mini", "http://127.0.0.1:9/v1")
    assert llm.usd_per_mtok_output == CAST[0].usd_per_mtok_output
    assert llm.prior_tokens_per_s == 4 * CAST[0].tokens_per_s
    assert llm.prior_first_token_s == CAST[0].first_token_s / 4


def test_llms_to_be_added_later_lie_apart(tmp_path: Path) -> None:
    write_descriptors(tmp_path, "http://127.0.0.1:9/v1", 1.0, list(CAST[:4]), list(CAST[4:]))

    assert len(list(tmp_path.glob("*.env"))) == 4
    assert {file.stem for file in (tmp_path / "spare").glob("*.env")} == {profile.name for profile in CAST[4:]}
