import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.command.main import SUBCOMMANDS, run


def test_the_overview_loads_neither_training_nor_kafka() -> None:
    script = (
        "import sys; from pointsman.command.main import run; code = run(['--help'])\n"
        "heavy = {'aiokafka', 'sqlalchemy', 'torch', 'sklearn', 'transformers', 'numpy'} & sys.modules.keys()\n"
        "sys.exit(f'exit code {code}, loaded {heavy}' if code or heavy else 0)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert all(subcommand.name in done.stdout for subcommand in SUBCOMMANDS)


def test_an_unknown_subcommand_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_a_preference_out_of_range_is_bad_input_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "Two words?", "--max-cost-usd", "-1"]) == 2

    [line] = capsys.readouterr().err.splitlines()
    assert "max_cost_usd" in line


@pytest.mark.parametrize("name", [subcommand.name for subcommand in SUBCOMMANDS])
def test_subcommands_explain_themselves(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_no_fleet_is_bad_input_that_says_what_to_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["ask", "Two words?", "--state", str(tmp_path)]) == 2

    assert "pointsman up" in capsys.readouterr().err
