"""docker-compose.yml keeps its security promises; `make compose-test` runs it on a real engine."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from compose.runtime_lock import runtime_lock

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
EXAMPLE = (ROOT / ".env.example").read_text()
OURS = SERVICES["prefect"]["image"]
SECRETS = set(re.findall(r"^(\w+)=$", EXAMPLE, re.MULTILINE))
CHOICES = dict(re.findall(r"^#(\w+)=(.*)$", EXAMPLE, re.MULTILINE))

every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def published(service: dict[str, Any]) -> list[str]:
    return service.get("ports", [])


@every_service
def test_ports_are_published_on_loopback_unless_configured_otherwise(service: dict[str, Any]) -> None:
    assert all(port.startswith("${BIND_ADDRESS:-127.0.0.1}:") for port in published(service))
    assert service.get("network_mode") is None


def test_only_both_servers_are_published_and_only_they_reach_the_database() -> None:
    assert {name for name, service in SERVICES.items() if published(service)} == {"prefect", "mlflow"}
    in_network = {name for name, service in SERVICES.items() if "database" in service.get("networks", [])}
    assert in_network == {"postgres", "prefect", "mlflow"}
    assert COMPOSE["networks"]["database"]["internal"] is True


@every_service
def test_secrets_come_from_the_environment_and_have_no_default(service: dict[str, Any]) -> None:
    secret = re.compile(r"PASSWORD|SECRET|AUTH_STRING|TOKEN")
    secrets = {key: value for key, value in service["environment"].items() if secret.search(key)}
    for key, value in secrets.items():
        assert re.fullmatch(r"(admin:)?\$\{\w+:\?[^}]+\}", value), key


def test_every_secret_of_the_file_is_empty_in_the_example() -> None:
    assert set(re.findall(r"\$\{(\w+):\?", TEXT)) == SECRETS


def test_every_choice_of_the_file_has_its_default_in_the_example() -> None:
    assert dict(re.findall(r"\$\{(\w+):-((?:[^{}]|\{[^}]*\})*)\}", TEXT)) == CHOICES


@every_service
def test_images_are_pinned_to_a_patch_version(service: dict[str, Any]) -> None:
    for image in (service["image"], SERVICES["prefect"]["build"]["args"]["PYTHON_IMAGE"]):
        tag = re.fullmatch(r"\$\{\w+:-[\w/.]+:([^}]+)\}", image)
        assert tag, image
        assert re.match(r"\d+\.\d+", tag[1]), image


def test_the_dockerfile_pins_the_same_base_image() -> None:
    default = re.search(r"^ARG PYTHON_IMAGE=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert default
    assert default[1] == CHOICES["PYTHON_IMAGE"]


@every_service
def test_a_service_has_no_more_rights_than_it_needs(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))
    assert service.get("user") == "postgres" or service["image"] == OURS


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")


@every_service
def test_memory_processes_and_logs_are_limited(service: dict[str, Any]) -> None:
    assert {"memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])


def test_lasting_services_have_a_health_check_and_are_restarted() -> None:
    for name in set(SERVICES) - {"deploy"}:
        assert SERVICES[name]["healthcheck"]["test"], name
        assert SERVICES[name]["restart"] == "unless-stopped", name
        assert "stop_grace_period" in SERVICES[name], name


def test_services_start_when_those_they_need_are_healthy() -> None:
    for service in SERVICES.values():
        for name, dependency in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if name == "deploy" else "service_healthy"
            assert dependency["condition"] == expected


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


def compose_config(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Asks Docker Compose whether the file is valid, which needs no engine."""
    environment = {key: value for key, value in os.environ.items() if key not in SECRETS | set(CHOICES)}
    command = ["docker", "compose", "--env-file", os.devnull, "config", "--quiet"]
    return subprocess.run(command, cwd=ROOT, env=environment | variables, capture_output=True, text=True)


def has_compose() -> bool:
    return (
        shutil.which("docker") is not None
        and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not has_compose(), reason="Docker Compose is not installed")
def test_compose_accepts_the_file_and_refuses_it_without_any_one_secret() -> None:
    secrets = dict.fromkeys(SECRETS, "x" * 16)
    result = compose_config(secrets)
    assert result.returncode == 0, result.stderr
    for secret in SECRETS:
        refusal = compose_config({**secrets, secret: ""})
        assert refusal.returncode != 0
        assert f"fill {secret} in .env" in refusal.stderr
