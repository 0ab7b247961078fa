"""The folder of an evaluation: all of it, or nothing."""

import shutil
from pathlib import Path
from tempfile import mkdtemp

from pointsman.evaluation.page import render
from pointsman.evaluation.plots import draw_all
from pointsman.evaluation.report import Report
from shared.errors import PermanentError


def check_free(out: Path) -> None:
    """Raise PermanentError when the folder cannot be made, or holds what is not an evaluation."""
    if out.exists() and not out.is_dir():
        raise PermanentError(f"--out: expected a folder, {out} is a file")
    if out.is_dir() and any(out.iterdir()) and not (out / "report.json").is_file():
        raise PermanentError(f"--out: expected an empty folder or an earlier evaluation, {out} holds other files")


def write(report: Report, out: Path) -> None:
    """Write beside the folder first: whatever fails, it holds the old files or the new ones."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise PermanentError(f"--out: cannot write into {out.parent}: {error.strerror}") from error
    try:
        _write(report, fresh)
        if not out.exists():
            fresh.rename(out)
            return
        for file in fresh.iterdir():
            file.replace(out / file.name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write(report: Report, folder: Path) -> None:
    (folder / "report.json").write_text(report.model_dump_json(indent=1), encoding="utf-8")
    (folder / "index.html").write_text(render(report), encoding="utf-8")
    draw_all(report, folder)
    folder.chmod(0o755)
