"""`pointsman demo` as a stranger runs it: what it leaves is a report and a page, and nothing that runs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pointsman.demo.story import Report
from pointsman.local.state import ProcessEntry, State

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("demo")]

_QUERIES = 60
_PATIENCE_S = 600.0


class Demo:
    """One run, with what it said and the processes it started."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.log = out.with_suffix(".log")
        self.seen: dict[int, ProcessEntry] = {}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pointsman", "demo", "--out", str(out), "--queries", str(_QUERIES)],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def until(self, said: str | None) -> None:
        """Return when it said so; None: when it has ended. Notes its processes meanwhile."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.process.poll() is None and (said is None or said not in self.said()):
            assert time.monotonic() < deadline, self.said()
            for entry in State(self.out / "fleet").processes().values():
                if entry.pid is not None:
                    self.seen[entry.pid] = entry
            time.sleep(0.2)
        assert said is None or said in self.said(), self.said()

    def said(self) -> str:
        return self.log.read_text()

    def running(self) -> list[int]:
        """Which of its processes still run."""
        return [pid for pid, entry in self.seen.items() if _runs(pid, entry.started_at)]


def _runs(pid: int, started_at: float | None) -> bool:
    """A pid alone may be anybody's by now."""
    try:
        process = psutil.Process(pid)
        return started_at is not None and abs(process.create_time() - started_at) < 1
    except psutil.NoSuchProcess:
        return False


@contextmanager
def _demo(out: Path) -> Iterator[Demo]:
    demo = Demo(out)
    try:
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.process.wait(60)


def test_it_routes_every_query_and_cleans_up(tmp_path: Path) -> None:
    with _demo(tmp_path / "demo") as demo:
        demo.until("starting Kafka")
        second = subprocess.run(
            [sys.executable, "-m", "pointsman", "demo", "--out", str(demo.out)], capture_output=True, text=True
        )
        demo.until(None)

    report = json.loads((demo.out / "report.json").read_text())
    assert second.returncode == 2
    assert f"process {demo.process.pid}" in second.stderr
    assert demo.process.returncode == 0, demo.said()
    assert set(report) == set(Report.model_fields)
    assert (report["queries"], report["answered"]) == (_QUERIES, _QUERIES)
    assert report["cost_usd"] < report["best_single"]["cost_usd"]
    assert report["quality"] > report["random"]["quality"]
    assert "kestrel-numbers has joined" in demo.said()
    assert "stalls" in demo.said()
    assert "has recovered" in demo.said()
    assert report["by_llm"]["kestrel-numbers"]["share"] > 0
    assert "</html>" in (demo.out / "index.html").read_text()
    assert len(demo.seen) >= 8
    assert demo.running() == []
    assert not (demo.out / "fleet").exists()


@pytest.mark.parametrize("moment", ["exporting the encoder", "Embedding prompts"])
def test_ctrl_c_leaves_nothing_running(tmp_path: Path, moment: str) -> None:
    with _demo(tmp_path / "demo") as demo:
        demo.until(moment)
        os.kill(demo.process.pid, signal.SIGINT)
        demo.until(None)

    assert demo.process.returncode == 130, demo.said()
    assert demo.seen
    assert demo.running() == []
    assert not (demo.out / "fleet").exists()
    assert not (demo.out / "report.json").exists()
