"""The clock of a real Prefect server is set back and forth over the nightly schedule of a deployment."""

import shutil
import struct
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from tasks.servers.deployments import ROOT, read_deployments
from tasks.servers.loopback import listen
from tasks.servers.prefect_process import start_server, stop_server

HERE = Path(__file__).parent
DEPLOYMENTS = read_deployments(ROOT)["deployments"]
(SCHEDULE,) = next(each["schedules"] for each in DEPLOYMENTS if each["name"] == "retrain-adders")
ZONE = ZoneInfo(SCHEDULE["timezone"])
SPRING, AUTUMN = datetime(2030, 3, 31, tzinfo=ZONE), datetime(2030, 10, 27, tzinfo=ZONE)  # the clocks change


class Nightly:
    """A Prefect server with its own clock, and on it a deployment with the nightly schedule switched on."""

    def __init__(self, home: Path, clock: Path) -> None:
        self._clock = clock
        clock.write_bytes(bytes(8))
        self.set_clock(SPRING - timedelta(days=5, hours=-12))
        settings = {"LD_PRELOAD": str(home / "clock.so"), "CLOCK_FILE": str(clock)}
        with listen(0, "") as listener:
            self.server, self._api = start_server(home, listener, settings)
        flow = self._post("flows/", name="nightly")["id"]
        schedule = {key: SCHEDULE[key] for key in ("cron", "timezone")}
        deployment = self._post(
            "deployments/", name="nightly", flow_id=flow, schedules=[{"schedule": schedule, "active": True}]
        )
        self._deployment = deployment["id"]

    def _post(self, path: str, **body: object) -> dict:
        answer = httpx.post(f"{self._api}/{path}", json=body, timeout=60)
        return answer.raise_for_status().json() if answer.content else {}

    def set_clock(self, now: datetime) -> None:
        with self._clock.open("r+b") as file:  # in place: the server has the file mapped into memory
            file.write(struct.pack("q", round(now.timestamp() - datetime.now().timestamp())))

    def plan(self) -> dict[datetime, list[str]]:
        """Let the scheduler plan again; returns local time -> states of the runs that are planned for it."""
        self._post(f"deployments/{self._deployment}/schedule", min_runs=20, max_runs=20)
        planned: dict[datetime, list[str]] = {}
        for run in self._post("flow_runs/filter", limit=200):
            when = datetime.fromisoformat(run["expected_start_time"]).astimezone(ZONE)
            planned.setdefault(when, []).append(run["state_type"])
        return dict(sorted(planned.items()))

    def complete_first(self) -> None:
        """Complete the run that is due, as a worker would."""
        (first,) = self._post("flow_runs/filter", limit=1, sort="EXPECTED_START_TIME_ASC")
        self._post(f"flow_runs/{first['id']}/set_state", state={"type": "COMPLETED"}, force=True)


@pytest.fixture(scope="module")
def nightly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nightly]:
    home = tmp_path_factory.mktemp("clock")
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler, to give a process its own clock")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", home / "clock.so", HERE / "clock.c", "-ldl"], check=True)
    nightly = Nightly(home, home / "clock")
    yield nightly
    stop_server(nightly.server)


def has_one_run_a_night(planned: dict[datetime, list[str]]) -> bool:
    """Whether each night from the first to the last has exactly one run, at the hour of the schedule."""
    days = [when.date() for when in planned]
    hours = {(when.hour, when.minute) for when in planned}
    return (
        days == [days[0] + timedelta(days=number) for number in range(len(days))]
        and hours == {(int(SCHEDULE["cron"].split()[1]), 0)}
        and {len(states) for states in planned.values()} == {1}
    )


def test_each_night_has_one_run_whatever_the_clock_does(nightly: Nightly) -> None:
    planned = nightly.plan()
    assert has_one_run_a_night(planned)
    assert min(planned) < SPRING < max(planned)
    nightly.complete_first()

    nightly.set_clock(SPRING - timedelta(days=7))  # back over two nights; the run of one is done
    replanned = nightly.plan()
    assert has_one_run_a_night(replanned)
    assert len(replanned) > len(planned)
    assert replanned[min(planned)] == ["COMPLETED"]

    nightly.set_clock(SPRING + timedelta(days=3))  # forward over nights in which the scheduler did not run
    assert has_one_run_a_night(nightly.plan())

    nightly.set_clock(AUTUMN - timedelta(days=5))
    late = {when: states for when, states in nightly.plan().items() if when > AUTUMN - timedelta(days=5)}
    assert has_one_run_a_night(late)
    assert min(late) < AUTUMN < max(late)
