"""The manifests of Kubernetes, as kustomize builds them, against their schemas and against the code."""

import re
import shutil
import tomllib
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from services.executor.settings import ExecutorSettings
from services.predictor.settings import PredictorSettings
from shared.settings import FleetSettings, read
from tests.deploy.manifests import (
    K8S,
    LLMS,
    ROOT,
    Document,
    containers,
    image_environment,
    kubernetes_processes,
    kustomize,
    of_kind,
    settings_of,
    variables,
)

_VERSION = "1.33"
_SCHEMAS = Path(__file__).parent / "schemas"
_COMPONENT = "app.kubernetes.io/component"
_POD_LABEL = "__meta_kubernetes_pod_label_"
_OVERLAYS = ("local", "production")
#: What an operator creates by hand, docs/deploy.md.
_SECRETS = {"postgres", *(f"llm-{name}" for name in LLMS)}


@pytest.fixture(scope="module", params=_OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> list[Document]:
    return kustomize(K8S / "overlays" / request.param)


@pytest.fixture(scope="module")
def production() -> list[Document]:
    return kustomize(K8S / "overlays" / "production")


def test_schemas_of_kubernetes_allow_all(overlay: list[Document]) -> None:
    for document in overlay:
        if document["kind"] == "ScaledObject":
            jsonschema.validate(document, _strict(_scaled_object()))
        else:
            kubernetes_validate.validate(document, _VERSION, strict=True)


@pytest.mark.parametrize("name", LLMS)
def test_an_llm_is_its_env_file_and_the_same_two_lines(name: str) -> None:
    kustomization = (K8S / "llms" / name / "kustomization.yaml").read_text()

    assert kustomization == (K8S / "llms" / LLMS[0] / "kustomization.yaml").read_text()
    assert len(kustomization.splitlines()) == 2
    assert {_name(one) for one in of_kind(kustomize(K8S / "llms" / name), "Deployment", "ScaledObject")} == {
        f"predictor-{name}",
        f"executor-{name}",
    }


def test_a_new_llm_needs_one_folder_and_its_line(tmp_path: Path) -> None:
    shutil.copytree(K8S, tmp_path / "k8s")
    shutil.copytree(K8S / "llms" / LLMS[0], tmp_path / "k8s" / "llms" / "large-4.1")
    env = (K8S / "llms" / LLMS[0] / "llm.env").read_text()
    (tmp_path / "k8s" / "llms" / "large-4.1" / "llm.env").write_text(env.replace(LLMS[0], "large-4.1"))
    overlay = tmp_path / "k8s" / "overlays" / "production"
    with (overlay / "kustomization.yaml").open() as file:
        kustomization = yaml.safe_load(file)
    kustomization["resources"].append("../../llms/large-4.1")
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))

    documents = kustomize(overlay)

    processes = {process.name: process for process in kubernetes_processes(documents)}
    assert processes["predictor-large-4.1"].environment["POINTSMAN_LLM_NAME"] == "large-4.1"
    assert processes["executor-large-4.1"].environment["POINTSMAN_LLMS"] == "large-4.1"
    assert _targets(documents) <= _names(documents, "Deployment")
    triggers = {_name(one): one["spec"]["triggers"][0]["metadata"] for one in of_kind(documents, "ScaledObject")}
    assert triggers["executor-large-4.1"]["topic"] == "dispatch.large-4.1"
    assert triggers["predictor-large-4.1"]["consumerGroup"] == "predictor.large-4.1"


def test_what_a_pod_runs_and_is_told_exists(overlay: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = set(tomllib.load(file)["project"]["optional-dependencies"])

    for process in kubernetes_processes(overlay):
        settings = settings_of(process.module)
        assert find_spec(process.module) is not None
        assert process.image in extras
        assert set(process.environment) <= variables(settings), process.name
        with monkeypatch.context() as patch:
            for name, value in process.environment.items():
                patch.setenv(name, value)
            if issubclass(settings, FleetSettings):
                assert read(settings).home_partitions == 12


def test_all_services_are_there(production: list[Document]) -> None:
    run = {process.module for process in kubernetes_processes(production)}

    folders = {folder.parent.name for folder in (ROOT / "services").glob("*/__main__.py")} - {"simulator"}
    assert run >= {f"services.{name}" for name in folders}


def test_a_pod_can_change_nothing_but_its_own(overlay: list[Document]) -> None:
    for workload in of_kind(overlay, "Deployment", "StatefulSet", "Job"):
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in containers(workload):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_probes_ask_the_port_that_services_listen_on(production: list[Document]) -> None:
    port = int(image_environment()["POINTSMAN_HEALTH_PORT"])

    for workload in of_kind(production, "Deployment"):
        service = workload["spec"]["template"]["spec"]["containers"][0]
        assert service["ports"] == [{"name": "http", "containerPort": port}]
        assert service["livenessProbe"]["httpGet"] == {"path": "/health", "port": "http"}
        assert service["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "http"}


def test_what_pods_refer_to_is_there(overlay: list[Document]) -> None:
    for workload in of_kind(overlay, "Deployment", "StatefulSet", "Job"):
        pod = workload["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
        claimed = {each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", [])}
        for container in containers(workload):
            assert {mount["name"] for mount in container["volumeMounts"]} <= set(volumes) | claimed
        for volume in volumes.values():
            assert volume.get("secret", {}).get("secretName", "postgres") in _SECRETS
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert claim in _names(overlay, "PersistentVolumeClaim")


def test_calls_in_flight_may_end_before_an_executor_is_killed(production: list[Document]) -> None:
    for deployment in of_kind(production, "Deployment"):
        if _name(deployment).startswith("executor-"):
            grace_s = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
            assert grace_s > ExecutorSettings().drain_s


def test_nobody_but_keda_counts_replicas_that_keda_scales(production: list[Document]) -> None:
    counted = {_name(one) for one in of_kind(production, "Deployment") if "replicas" in one["spec"]}

    assert counted == {"trainer"}
    assert _targets(production) == _names(production, "Deployment") - counted


@pytest.mark.parametrize("affix", ["namePrefix: green-", "nameSuffix: -green"])
def test_what_is_scaled_is_found_by_its_name_after_a_prefix_or_suffix(affix: str, tmp_path: Path) -> None:
    shutil.copytree(K8S, tmp_path / "k8s")
    folder = tmp_path / "k8s" / "overlays" / "green"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text(f"resources: [../production]\n{affix}\n")

    documents = kustomize(folder)

    assert all("green" in name for name in _targets(documents))
    assert len(_targets(documents)) == 2 + 2 * len(LLMS)
    assert _targets(documents) <= _names(documents, "Deployment")


def test_a_service_is_drained_pod_by_pod(production: list[Document]) -> None:
    pods = {_labels(workload)[_COMPONENT] for workload in of_kind(production, "Deployment")}

    budgets = of_kind(production, "PodDisruptionBudget")

    assert {one["spec"]["selector"]["matchLabels"][_COMPONENT] for one in budgets} == pods


def test_prometheus_finds_the_pods_by_labels_that_they_have(production: list[Document]) -> None:
    config = yaml.safe_load((ROOT / "deploy" / "observability" / "prometheus-kubernetes.yml").read_text())
    sources = [rule["source_labels"][0] for rule in config["scrape_configs"][0]["relabel_configs"]]
    wanted = {source.removeprefix(_POD_LABEL) for source in sources if source.startswith(_POD_LABEL)}

    assert wanted
    for workload in of_kind(production, "Deployment"):
        assert wanted <= {re.sub(r"\W", "_", label) for label in _labels(workload)}
        assert _labels(workload)[_COMPONENT] in _name(workload)


def test_descriptors_are_valid(production: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    predictors = [one for one in kubernetes_processes(production) if one.module == "services.predictor"]

    assert {one.environment["POINTSMAN_LLM_NAME"] for one in predictors} == set(LLMS)
    for process in predictors:
        with monkeypatch.context() as patch:
            for name, value in process.environment.items():
                patch.setenv(name, value)
            assert read(PredictorSettings).replication == 3


def _labels(workload: Document) -> dict[str, str]:
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def _name(document: Document) -> str:
    name: str = document["metadata"]["name"]
    return name


def _names(documents: list[Document], kind: str) -> set[str]:
    return {_name(document) for document in of_kind(documents, kind)}


def _targets(documents: list[Document]) -> set[str]:
    return {one["spec"]["scaleTargetRef"]["name"] for one in of_kind(documents, "ScaledObject")}


def _scaled_object() -> Document:
    definition = yaml.safe_load((_SCHEMAS / "keda.sh_scaledobjects.yaml").read_text())
    schema: Document = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def _strict(schema: object) -> object:
    """The schema that allows no fields it does not know: a cluster would drop them without a word."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _strict(value) for key, value in schema.items()}
    closed = "properties" in schema and schema.get("type") == "object"
    return inner | ({"additionalProperties": False} if closed else {})
