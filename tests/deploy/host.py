"""A host without an engine: the containers of compose as plain processes, confined as they would be."""

from functools import partial
from pathlib import Path

from sqlalchemy import make_url

from pointsman.local.endpoint import ask
from pointsman.local.ports import HOST, free_ports
from pointsman.local.process import Child, Program
from tests.deploy.image import Image
from tests.deploy.manifests import compose, compose_processes


class Host:
    """Knows where the addresses of compose are here, and the containers that run."""

    def __init__(self, folder: Path, broker: str, postgres: str) -> None:
        self._folder = folder
        self._artifacts = folder / "artifacts"
        self._artifacts.mkdir()
        self.processes = {process.name: process for process in compose_processes()}
        self._ports = dict(zip(self.processes, map(str, free_ports(len(self.processes), ())), strict=True))
        self._addresses = self._addresses_here(broker, postgres)
        self._images: dict[str, Image] = {}
        self.running: list[Child] = []

    def start(self, name: str, *arguments: str) -> Child:
        """A container of this service, started; its arguments take the place of those in compose."""
        process = self.processes[name]
        container = f"{name}-{len(self.running)}"
        scratch = self._folder / container
        scratch.mkdir()
        image = self._images.get(process.image) or Image(process.image, self._folder / "images")
        self._images[process.image] = image
        own = {
            "POINTSMAN_HEALTH_PORT": self._ports[name],
            "POINTSMAN_SIMULATOR_PORT": self._ports[name],
            "TMPDIR": str(scratch),
            "HOME": str(scratch),
            "WRITABLE": str(self._artifacts if _writes_artifacts(name) else scratch),
        }
        told = {key: self._here(value) for key, value in (image.environment() | dict(process.environment)).items()}
        program = Program(
            container,
            image.command([process.module, *(arguments or map(self._here, process.command[1:]))]),
            told | own,
            ready=partial(self._is_ready, name),
            stop_s=20,
        )
        child = Child(program, self._folder / f"{container}.log")
        self.running.append(child)
        child.start()
        return child

    async def run(self, name: str, *arguments: str) -> str:
        """What it writes before it ends well."""
        child = self.start(name, *arguments)
        code = await child.ended()
        written = (self._folder / f"{child.program.name}.log").read_text()
        assert code == 0, written
        return written

    def _addresses_here(self, broker: str, postgres: str) -> dict[str, str]:
        url, password = make_url(postgres), self._folder / "password"
        password.write_text(url.password or "")
        return {
            "kafka:9092": broker,
            "postgresql+psycopg://pointsman@postgres:5432/pointsman": url.set(password=None).render_as_string(),
            "/run/secrets/postgres_password": str(password),
            "http://simulator:8080": f"http://{HOST}:{self._ports['simulator']}",
            "file:///var/lib/pointsman/artifacts": self._artifacts.as_uri(),
        }

    def _here(self, value: str) -> str:
        for there, here in self._addresses.items():
            value = value.replace(there, here)
        return value

    def _is_ready(self, name: str) -> bool:
        path = "/health" if name == "simulator" else "/ready"
        return ask(f"http://{HOST}:{self._ports[name]}", path) is not None


def _writes_artifacts(name: str) -> bool:
    volumes = compose()["services"][name].get("volumes", [])
    return any(volume.startswith("artifacts:") and not volume.endswith(":ro") for volume in volumes)
