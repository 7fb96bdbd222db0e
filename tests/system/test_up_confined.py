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

from tests.system.foreign import ForeignPage, foreign_page
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


@pytest.fixture(scope="module")
def foreign() -> Iterator[ForeignPage]:
    with foreign_page() as page:
        if page is None:
            pytest.skip("there is no Chromium; python -m tests.system.browser installs it")
        yield page


@pytest.fixture(params=["Prefect", "MLflow"])
def create(request: pytest.FixtureRequest, up: Servers) -> tuple[str, str]:
    """The address that makes something new on one of the servers, and the JSON that names it."""
    if request.param == "Prefect":
        return f"{up.api}/flows/", '{"name":"forged"}'
    return f"{up.mlflow}/api/2.0/mlflow/experiments/create", '{"name":"forged"}'


def nothing_was_made(up: Servers) -> bool:
    body = {"max_results": 100}
    found = httpx.post(f"{up.mlflow}/api/2.0/mlflow/experiments/search", json=body, timeout=PATIENCE).json()
    names = {flow["name"] for flow in up.query("flows")} | {one["name"] for one in found["experiments"]}
    return "forged" not in names and len(names) > 1


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])  # the second needs a preflight
def test_a_page_of_another_port_cannot_fetch(
    up: Servers, foreign: ForeignPage, create: tuple[str, str], kind: str
) -> None:
    address, body = create
    options = {"method": "POST", "credentials": "include", "headers": {"Content-Type": kind}, "body": body}
    assert foreign.fetch(address, options) == "TypeError"
    assert foreign.fetch(address, {**options, "mode": "no-cors", "headers": {}}) != "basic"
    assert nothing_was_made(up)


def test_a_page_of_another_port_gets_no_answer_to_a_preflight(up: Servers, create: tuple[str, str]) -> None:
    headers = {"Origin": "http://127.0.0.1:8000", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(create[0], headers=headers, timeout=PATIENCE)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_page_of_another_port_cannot_send_a_form(up: Servers, foreign: ForeignPage, create: tuple[str, str]) -> None:
    assert "only pages of this server itself" in foreign.submit(*create)
    assert nothing_was_made(up)


@pytest.mark.parametrize("path", ["", "version", "api/health"])
def test_a_page_of_another_port_cannot_show_the_servers_in_a_frame(
    up: Servers, foreign: ForeignPage, path: str
) -> None:
    for server in (up.api.removesuffix("api"), f"{up.mlflow}/"):
        foreign.load("iframe", server + path)
        assert foreign.page.frames[-1].url == "chrome-error://chromewebdata/"


def test_a_page_of_another_port_cannot_load_their_files(up: Servers, foreign: ForeignPage) -> None:
    for address in (f"{up.api}/admin/version", f"{up.api.removesuffix('api')}favicon.ico", f"{up.mlflow}/version"):
        for tag in ("script", "img"):
            assert foreign.load(tag, address) == "refused"


def test_a_page_of_another_port_cannot_open_a_web_socket(up: Servers, foreign: ForeignPage) -> None:
    for port in up.ports:
        assert foreign.connect(f"ws://127.0.0.1:{port}/api/events/in") == "refused"


def test_the_second_ui_of_prefect_is_not_served(up: Servers) -> None:
    prefect = up.api.removesuffix("/api")
    settings = httpx.get(f"{prefect}/ui-settings", timeout=PATIENCE).json()
    assert settings["available_uis"] == ["v1"]
    home = httpx.get(f"{prefect}/", headers={"Accept": "text/html"}, timeout=PATIENCE).text
    headers = {"Accept": "text/html", "Cookie": "prefect_ui_version=v2"}
    for path in ("/", "/v2", "/v2/", "/v2/dashboard"):
        page = httpx.get(prefect + path, headers=headers, follow_redirects=True, timeout=PATIENCE)
        assert page.text == home


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_pages_of_the_server_itself_are_served(up: Servers, name: str) -> None:
    own = {"Origin": f"http://{name}:{up.ports[0]}"}
    answer = httpx.post(f"{up.api}/flows/filter", json={"limit": 1}, headers=own, timeout=PATIENCE)
    assert answer.is_success
    assert answer.headers["Access-Control-Allow-Origin"] == own["Origin"]
    connect(f"ws://{name}:{up.ports[0]}/api/events/in", additional_headers=own).close()


def test_job_variables_are_refused(up: Servers) -> None:
    (deployment,) = up.query("deployments", deployments={"name": {"any_": ["adders"]}})
    body = {"job_variables": {"command": "true"}, "parameters": {}}
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
        "parameters": {"source": "/etc/hostname", "out": "cleaned"},
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


def test_the_data_folder_is_its_owners_alone(up: Servers) -> None:
    assert up.data.stat().st_mode & 0o777 == 0o700
