"""The fleet on this machine: what is started in which order, kept running, and stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from pointsman.local import descriptors, ground, programs, stale
from pointsman.local.endpoint import address
from pointsman.local.kafka import Kafka
from pointsman.local.member import Member
from pointsman.local.options import SERVICES, FleetOptions
from pointsman.local.ports import free_ports
from pointsman.local.postgres import Postgres
from pointsman.local.process import Program
from pointsman.local.programs import Surroundings
from pointsman.local.settings import LocalSettings
from pointsman.local.state import Endpoints, State
from shared.errors import TransientError
from shared.ground import prepare

#: Fewer than in production: each partition costs a laptop threads and files.
_HOME_PARTITIONS = 4
#: The first start fetches Kafka and reads an encoder.
_BROKER_TIMEOUT_S = 300
_SERVICE_TIMEOUT_S = 120
_WATCH_S = 1.0


class Fleet:
    """All processes of one state folder."""

    def __init__(self, options: FleetOptions, settings: LocalSettings, report: Callable[[str], None]) -> None:
        """`report` is told in a few words what is being done."""
        self.state = State(options.state)
        self._options = options
        self._settings = settings
        self._report = report
        self._members: dict[str, Member] = {}
        self._descriptors: dict[str, tuple[Path, int]] = {}
        #: None until the fleet is ready.
        self._endpoints: Endpoints | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start everything; return when the fleet is ready and its endpoints are written."""
        self._report("starting Kafka, Postgres and the simulated LLMs")
        around, simulator = await asyncio.gather(self._start_brokers(), self._start_simulator())
        self._report("preparing the database and the topics")
        await prepare(around.kafka, around.postgres, around.home_partitions)
        if not await ground.has_encoder(around.postgres):
            self._report("exporting the encoder (once)")
            await ground.complete(programs.export_encoder(around), self._log("export"))
        await self._start_services(around)
        self._watching = asyncio.create_task(self._watch(around))
        self._endpoints = Endpoints(
            kafka=around.kafka,
            postgres=around.postgres,
            simulator=simulator,
            artifacts=around.artifacts,
            home_partitions=around.home_partitions,
        )
        self._remember()

    async def stop(self) -> None:
        """Services drain and go first, then what they stand on."""
        self._report("stopping: services finish what they hold (Ctrl-C again kills them)")
        self._endpoints = None
        self.state.forget_endpoints()
        if self._watching is not None:
            self._watching.cancel()
        ground_floor = ("simulator", "postgres", "kafka")
        services = [member for name, member in self._members.items() if name not in ground_floor]
        await asyncio.gather(*(member.stop() for member in services))
        for name in ground_floor:
            if name in self._members:
                await self._members[name].stop()

    def kill(self) -> None:
        """End every process at once."""
        for member in self._members.values():
            member.kill()

    async def _start_brokers(self) -> Surroundings:
        options, folder = self._options, self.state.folder
        kafka = None if options.kafka is not None else Kafka.at(folder / "kafka")
        postgres = None if options.postgres is not None else Postgres.at(folder / "postgres")
        started = [
            self._add(name, server.program)
            for name, server in (("kafka", kafka), ("postgres", postgres))
            if server is not None
        ]
        await asyncio.gather(*(member.until_ready(_BROKER_TIMEOUT_S) for member in started))
        settings = self._settings
        return Surroundings(
            state=self.state,
            kafka=options.kafka or (kafka.address if kafka is not None else ""),
            postgres=options.postgres or (postgres.url if postgres is not None else ""),
            artifacts=settings.artifacts or (folder / "artifacts").as_uri(),
            home_partitions=settings.home_partitions or _HOME_PARTITIONS,
            keys_dir=settings.keys_dir or self.state.keys,
            drain_s=settings.drain_s,
        )

    async def _start_simulator(self) -> str | None:
        """Base URL of the simulated LLMs, their descriptors installed; None when real ones were given."""
        options, state = self._options, self.state
        known_only = state.llms.exists()
        if options.llms is not None:
            descriptors.install(options.llms, state.llms, known_only=known_only)
            return None
        written = state.folder / "simulated"
        port_file = state.ports / "simulator"
        port = _port_again(port_file)
        arguments = ["--descriptors", str(written), "--speed", str(options.speed)]
        if options.data is not None and options.pool is not None:
            arguments += ["--data", str(options.data), "--pool", options.pool]
        if options.simulate is not None:
            arguments += ["--llms", str(options.simulate)]
        member = self._add("simulator", partial(programs.simulator, port, port_file, tuple(arguments)))
        await member.until_ready(_SERVICE_TIMEOUT_S)
        descriptors.install(written, state.llms, known_only=known_only)
        return address(port_file)

    async def _start_services(self, around: Surroundings) -> None:
        for kind in SERVICES:
            for name in self._options.names(kind):
                self._add(name, partial(programs.service, kind, name, around, self._options.settings))
        lasting = list(self._members.values())
        predictors = self._start_new_predictors(around)
        self._report(f"starting {len(lasting) + len(predictors)} processes")
        await asyncio.gather(
            *(member.until_ready(_SERVICE_TIMEOUT_S) for member in lasting),
            *(self._try(member) for member in predictors),
        )

    async def _try(self, predictor: Member) -> None:
        """A bad descriptor costs that LLM, not the fleet."""
        try:
            await predictor.until_ready(_SERVICE_TIMEOUT_S)
        except TransientError as error:
            self._report(f"without {predictor.name}: {error}")

    async def _watch(self, around: Surroundings) -> None:
        """Follow the folder of descriptors: a new file starts workers, a removed one stops them."""
        while True:
            await asyncio.sleep(_WATCH_S)
            for llm in [llm for llm, known in self._descriptors.items() if known != _seen(known[0])]:
                del self._descriptors[llm]
                workers = [self._members.pop(name) for name in self._options.names("predictor", llm)]
                await asyncio.gather(*(worker.stop() for worker in workers))
                self._remember()
            self._start_new_predictors(around)

    def _start_new_predictors(self, around: Surroundings) -> list[Member]:
        started = []
        for llm, file in descriptors.watched(self.state.llms).items():
            if llm in self._descriptors:
                continue
            self._descriptors[llm] = (file, file.stat().st_mtime_ns)
            for name in self._options.names("predictor", llm):
                started.append(self._add(name, partial(programs.predictor, file, name, around), patience=1))
        return started

    def _add(self, name: str, build: Callable[[], Program], patience: int = 3) -> Member:
        member = self._members[name] = Member(name, build, self._log(name), self._remember, patience)
        member.start()
        return member

    def _remember(self) -> None:
        """Keep the files of the state folder true; a process that was started again has another port."""
        entries = {name: member.entry() for name, member in self._members.items()}
        self.state.write_processes(entries)
        if self._endpoints is not None:
            health = {name: entry.health for name, entry in entries.items() if entry.health is not None}
            self.state.write_endpoints(self._endpoints.model_copy(update={"health": health}))

    def _log(self, name: str) -> Path:
        return self.state.logs / f"{name}.log"


@asynccontextmanager
async def running(fleet: Fleet) -> AsyncIterator[None]:
    """A ready fleet, which is stopped in the right order in the end.

    Raises PermanentError when another one has the folder, TransientError when a part of it does not start.
    """
    with fleet.state.locked():
        stale.reap(fleet.state)
        fleet.state.forget_endpoints()
        try:
            await fleet.start()
            yield
        finally:
            await fleet.stop()


def _port_again(port_file: Path) -> int:
    """The port of last time where it is free: added descriptors may name it."""
    known = (int(port_file.read_text()),) if port_file.exists() else ()
    return free_ports(1, known)[0]


def _seen(file: Path) -> tuple[Path, int] | None:
    return (file, file.stat().st_mtime_ns) if file.exists() else None
