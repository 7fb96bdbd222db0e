"""docker-compose.yml keeps its security promises; `make compose-test` runs it on a real engine."""

import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from compose.databases import DATABASES
from compose.runtime_lock import runtime_lock
from tasks.servers.certificates import tls_settings
from tasks.servers.worker import CLOSE_SECONDS, RUN_SECONDS

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
EXAMPLE = (ROOT / ".env.example").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = SERVICES["prefect"]["image"]
ONE_SHOT = {"certificates", "databases", "deploy"}
CHOICES = dict(re.findall(r"^#(\w+)=(.*)$", EXAMPLE, re.MULTILINE))

every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def published(service: dict[str, Any]) -> list[str]:
    return service.get("ports", [])


@every_service
def test_ports_are_published_on_loopback_unless_configured_otherwise(service: dict[str, Any]) -> None:
    address = "TLS_ADDRESS:-0.0.0.0" if service.get("profiles") == ["tls"] else "BIND_ADDRESS:-127.0.0.1"
    assert all(port.startswith(f"${{{address}}}:") for port in published(service))
    assert service.get("network_mode") in {None, "none"}


def test_only_both_servers_and_the_proxy_are_published_and_only_the_servers_reach_the_database() -> None:
    assert {name for name, service in SERVICES.items() if published(service)} == {"prefect", "mlflow", "proxy"}
    in_network = {name for name, service in SERVICES.items() if "database" in service.get("networks", [])}
    assert in_network == {"postgres", "databases", "prefect", "mlflow"}
    assert COMPOSE["networks"]["database"]["internal"] is True


@every_service
def test_secrets_are_files_and_a_service_has_only_those_that_it_uses(service: dict[str, Any]) -> None:
    secret = re.compile(r"PASSWORD|SECRET|AUTH_STRING|TOKEN")
    files = {value for key, value in service["environment"].items() if secret.search(key)}
    assert all(key.endswith("_FILE") for key in service["environment"] if secret.search(key))
    if not service.get("profiles"):  # the proxy names its two in its configuration
        assert files == {f"/run/secrets/{name}" for name in service["secrets"]}


def test_the_machines_of_the_cluster_prove_who_they_are_and_only_read_their_certificates() -> None:
    for name, role in (("scheduler", "scheduler"), ("cluster-worker", "worker"), ("worker", "client")):
        environment = SERVICES[name]["environment"]
        folder = Path("/certificates/cluster")
        assert tls_settings(folder, role).items() & environment.items() == {
            (key, value) for key, value in environment.items() if key.startswith("DASK_DISTRIBUTED__COMM__")
        }
        assert f"DASK_DISTRIBUTED__COMM__TLS__{role.upper()}__KEY" in environment
        assert "certificates:/certificates:ro" in SERVICES[name]["volumes"]
    for name in ("scheduler", "cluster-worker"):
        command = " ".join(SERVICES[name]["command"])
        assert {"--protocol=tls", "--no-dashboard"} <= set(SERVICES[name]["command"])
        assert "--dashboard-address=127.0.0.1:" in command  # which would answer without a certificate
        assert not published(SERVICES[name])


def make_secrets(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "compose" / "secrets.sh", folder], capture_output=True, text=True)


def test_new_secrets_are_complete_and_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert make_secrets(folder).returncode == 0
    assert {file.name for file in folder.iterdir()} == set(COMPOSE["secrets"]) - {
        *("tls_certificate", "tls_key", "certificates")  # for the proxy and for the build, both from elsewhere
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len({file.read_text() for file in folder.iterdir()}) == len(list(folder.iterdir()))
    for file in folder.iterdir():
        assert re.fullmatch(r"(admin:)?[0-9a-f]{48}\n", file.read_text())
        assert file.stat().st_mode & stat.S_IROTH


def test_secrets_are_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    before = {file.name: file.read_text() for file in folder.iterdir()}
    again = make_secrets(folder)
    assert again.returncode == 2
    assert "stays as it is" in again.stderr
    assert {file.name: file.read_text() for file in folder.iterdir()} == before


def test_a_missing_secret_is_one_sentence() -> None:
    environment = {"PATH": os.environ["PATH"], "MY_PASSWORD_FILE": "/run/secrets/missing_for_a_test"}
    command = [ROOT / "compose" / "with_secrets.sh", "echo", "started"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (2, "")
    assert "the secret missing_for_a_test is empty or cannot be read" in result.stderr


def test_every_choice_of_the_file_has_its_default_in_the_example() -> None:
    assert dict(re.findall(r"\$\{(\w+):-((?:[^{}]|\{[^}]*\})*)\}", TEXT)) == CHOICES


def test_foreign_images_are_pinned_to_a_patch_version_and_a_digest() -> None:
    foreign = [service["image"] for service in SERVICES.values() if service["image"] != OURS]
    for image in (*foreign, SERVICES["prefect"]["build"]["args"]["PYTHON_IMAGE"]):
        assert re.fullmatch(r"\$\{\w+:-[\w/.]+:\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}\}", image), image


def test_the_dockerfile_pins_the_same_base_image() -> None:
    default = re.search(r"^ARG PYTHON_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert default
    assert default[1] == CHOICES["PYTHON_IMAGE"]


def test_our_image_has_the_version_of_the_project_and_is_never_pulled() -> None:
    version = tomllib.loads((ROOT / "workflow" / "pyproject.toml").read_text())["project"]["version"]
    assert CHOICES["EIGHTYTWENTY_IMAGE"] == f"eightytwenty:{version}"
    assert f'org.opencontainers.image.version="{version}"' in DOCKERFILE
    assert f"eightytwenty:{version}" in (ROOT / "docs" / "compose.md").read_text()
    assert {service["pull_policy"] for service in SERVICES.values() if service["image"] == OURS} == {"never"}


def test_the_image_has_neither_the_umask_of_the_clone_nor_the_second_ui_of_prefect() -> None:
    assert re.search(r"^COPY --chmod=755 \. \.$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^RUN rm -r \S+/prefect/server/ui-v2$", DOCKERFILE, re.MULTILINE)


@every_service
def test_nothing_of_the_checkout_is_mounted(service: dict[str, Any]) -> None:
    sources = {volume.partition(":/")[0] for volume in service.get("volumes", [])}
    assert sources <= {*COMPOSE["volumes"], "${INBOX:-inbox}"}


@every_service
def test_a_service_has_no_more_rights_than_it_needs(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))
    assert service.get("user") in ("postgres", "1000:1000") or service["image"] == OURS


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")


@every_service
def test_memory_swap_processors_processes_and_logs_are_limited(service: dict[str, Any]) -> None:
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= set(limits)
    assert service["memswap_limit"] == limits["memory"]  # of memory and swap together: there is no swap
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])


def test_dask_has_the_memory_that_its_container_has() -> None:
    worker = SERVICES["cluster-worker"]
    assert f"--memory-limit={worker['memswap_limit']}" in worker["command"]


def test_lasting_services_have_a_health_check_and_are_restarted() -> None:
    for name in set(SERVICES) - ONE_SHOT:
        assert SERVICES[name]["healthcheck"]["test"], name
        assert SERVICES[name]["restart"] == "unless-stopped", name
        assert "stop_grace_period" in SERVICES[name], name


def test_services_start_when_those_they_need_are_healthy() -> None:
    for service in set(SERVICES) - {"databases"}:  # it makes what PostgreSQL needs to be healthy
        for name, dependency in SERVICES[service].get("depends_on", {}).items():
            expected = "service_completed_successfully" if name in ONE_SHOT else "service_healthy"
            assert dependency["condition"] == expected


def test_postgresql_is_healthy_only_with_every_database() -> None:
    check = SERVICES["postgres"]["healthcheck"]["test"][1]
    for role, databases in DATABASES.items():
        for database in databases:
            assert f"{role}@127.0.0.1/{database}" in check.replace(";", " ").split()


def test_a_stopped_worker_has_the_time_that_it_gives_its_runs() -> None:
    assert int(SERVICES["worker"]["stop_grace_period"].removesuffix("s")) > RUN_SECONDS + CLOSE_SECONDS


def test_the_number_of_workers_outlasts_the_next_start() -> None:
    assert SERVICES["worker"]["deploy"]["replicas"] == "${WORKERS:-1}"


def test_every_named_volume_is_mounted() -> None:
    mounted = {str(volume).split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert set(COMPOSE["volumes"]) <= mounted | {CHOICES["INBOX"]}


def test_only_listed_files_reach_the_image() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert not any(line.startswith("!") and ".env" in line for line in lines)


def test_the_image_has_the_locked_packages_without_developer_tools() -> None:
    project = '[project.optional-dependencies]\ndev = ["Ruff>=1", "my_tool[x]>=2"]\n'
    lock = "numpy==2 \\\n    --hash=sha256:1\nruff==1 \\\n    --hash=sha256:2\nmy-tool==2 ; x \\\n    --hash=sha256:3\n"
    assert runtime_lock(lock, project) == "numpy==2 \\\n    --hash=sha256:1\n"
    packages = runtime_lock((ROOT / "requirements.lock").read_text(), (ROOT / "workflow/pyproject.toml").read_text())
    assert re.search(r"^prefect==", packages, re.MULTILINE)
    assert re.search(r"^psycopg2-binary==", packages, re.MULTILINE)
    assert not re.search(r"^(pytest|ruff|mypy|playwright)==", packages, re.MULTILINE)


def has_compose() -> bool:
    return (
        shutil.which("docker") is not None
        and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not has_compose(), reason="Docker Compose is not installed")
def test_compose_accepts_the_file() -> None:
    """Needs no engine."""
    environment = {key: value for key, value in os.environ.items() if key not in CHOICES}
    for profile in ([], ["--profile", "tls"], ["--profile", "cluster"]):
        command = ["docker", "compose", "--env-file", os.devnull, *profile, "config", "--quiet"]
        result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
