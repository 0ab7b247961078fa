import stat
from pathlib import Path

from shared.files import write_whole


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_bytes(b"a longer old content")

    write_whole(file, b"new")

    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_can_be_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "endpoints.json"

    write_whole(file, b"{}", mode=0o600)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_names_that_differ_after_a_dot_do_not_share_an_unfinished_file(tmp_path: Path) -> None:
    unfinished = tmp_path / "predictor-gpt-4.new"
    unfinished.mkdir()

    write_whole(tmp_path / "predictor-gpt-4.1", b"8080")

    assert (tmp_path / "predictor-gpt-4.1").read_bytes() == b"8080"
