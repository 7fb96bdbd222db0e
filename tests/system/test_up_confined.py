"""What the servers of `eightytwenty up` refuse: pages of other origins, and more than parameters for a run."""

import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import yaml
from pydantic import TypeAdapter
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.system.servers import PATIENCE, Servers


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("up") / "data")
    yield servers
    servers.process.terminate()
    servers.process.communicate()


@pytest.mark.parametrize("header", [{"Host": "elsewhere.example"}, {"Origin": "http://elsewhere.example"}])
def test_pages_of_elsewhere_are_refused_by_both_servers(up: Servers, header: dict[str, str]) -> None:
    for address in (f"{up.api}/flows/filter", f"{up.mlflow}/api/2.0/mlflow/experiments/search"):
        body = {"limit": 1} if address.startswith(up.api) else {"max_results": 1}
        assert httpx.post(address, json=body, timeout=PATIENCE).is_success
        assert httpx.post(address, json=body, headers=header, timeout=PATIENCE).status_code == 403


def test_web_sockets_of_pages_of_elsewhere_are_refused(up: Servers) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{up.ports[0]}/api/events/in", origin=Origin("http://elsewhere.example")).close()
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_pages_of_the_server_itself_are_served(up: Servers, name: str) -> None:
    own = {"Origin": f"http://{name}:{up.ports[0]}"}
    answer = httpx.post(f"{up.api}/flows/filter", json={"limit": 1}, headers=own, timeout=PATIENCE)
    assert answer.is_success
    assert answer.headers["Access-Control-Allow-Origin"] == own["Origin"]
    connect(f"ws://{name}:{up.ports[0]}/api/events/in", additional_headers=own).close()


def test_job_variables_are_refused(up: Servers) -> None:
    (deployment,) = up.query("deployments", deployments={"name": {"any_": ["adders"]}})
    body = {"job_variables": {"command": "true"}, "parameters": {"parameters": {}}}
    answer = httpx.post(f"{up.api}/deployments/{deployment['id']}/create_flow_run", json=body, timeout=PATIENCE)
    assert answer.status_code == 422
    assert "'command' was unexpected" in answer.json()["detail"]


def test_job_variables_change_nothing_where_prefect_does_not_look_at_them(up: Servers) -> None:
    """The run is created directly, not through its deployment, as another client could do."""
    (deployment,) = up.query("deployments", deployments={"name": {"any_": ["clean"]}})
    marker = up.data / "marker"
    body = {
        "flow_id": deployment["flow_id"],
        "deployment_id": deployment["id"],
        "work_pool_name": deployment["work_pool_name"],
        "parameters": {"parameters": {"source": "/etc/hostname", "out": "cleaned"}},
        "state": {"type": "SCHEDULED"},
        "job_variables": {
            "command": f"touch {marker}",
            "env": {"EIGHTYTWENTY_SOURCES": "/"},
            "env.EIGHTYTWENTY_SOURCES": "/",
            "working_dir": "/",
        },
    }
    run = httpx.post(f"{up.api}/flow_runs/", json=body, timeout=PATIENCE).raise_for_status().json()
    assert run["job_variables"]["command"]
    state = up.final_state(run["id"])
    assert state["type"] == "FAILED"
    assert state["message"].startswith("/etc/hostname lies outside the folders")
    assert not marker.exists()


def test_old_runs_are_deleted_as_in_compose(up: Servers) -> None:
    vacuum = httpx.get(f"{up.api}/admin/settings", timeout=PATIENCE).json()["server"]["services"]["db_vacuum"]
    compose = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())
    prefix = "PREFECT_SERVER_SERVICES_DB_VACUUM_"
    settings = compose["services"]["prefect"]["environment"]
    assert set(vacuum["enabled"]) == set(settings[f"{prefix}ENABLED"].split(","))
    seconds = TypeAdapter(timedelta).validate_python(vacuum["retention_period"]).total_seconds()
    assert f":-{seconds:.0f}}}" in settings[f"{prefix}RETENTION_PERIOD"]


def test_a_run_knows_how_often_to_send_its_heartbeat(up: Servers) -> None:
    (pool,) = up.query("work_pools")
    command = pool["base_job_template"]["job_configuration"]["command"]
    assert shlex.split(command)[:2] == ["env", "PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30"]
