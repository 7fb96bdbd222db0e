"""The clock of a real Prefect server jumps over the nightly schedules of prefect.yaml."""

import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml

from tasks.servers.ports import listen
from tasks.servers.prefect_process import start_server, stop_server

HERE = Path(__file__).parent
DEPLOYMENTS = yaml.safe_load((HERE.parents[1] / "prefect.yaml").read_text())["deployments"]
(SCHEDULE,) = next(one["schedules"] for one in DEPLOYMENTS if one["name"] == "retrain-adders")
ZONE = ZoneInfo(SCHEDULE["timezone"])
SPRING, AUTUMN = datetime(2030, 3, 31, tzinfo=ZONE), datetime(2030, 10, 27, tzinfo=ZONE)  # the clocks change


class Nightly:
    """A Prefect server with a clock of its own, and a deployment on it with the nightly schedule switched on."""

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
        if answer.status_code == 503:  # SQLite was busy; Prefect's own client asks again, too
            time.sleep(0.5)
            return self._post(path, **body)
        return answer.raise_for_status().json() if answer.content else {}

    def set_clock(self, now: datetime) -> None:
        with self._clock.open("r+b") as file:  # in place: the server has it in its memory
            file.write(struct.pack("q", round(now.timestamp() - datetime.now().timestamp())))

    def plan(self) -> dict[datetime, list[str]]:
        """Let the scheduler plan once more; returns local time -> states of the runs that it planned for it."""
        self._post(f"deployments/{self._deployment}/schedule", min_runs=20, max_runs=20)
        planned: dict[datetime, list[str]] = {}
        for run in self._post("flow_runs/filter", limit=200):
            when = datetime.fromisoformat(run["expected_start_time"]).astimezone(ZONE)
            planned.setdefault(when, []).append(run["state_type"])
        return dict(sorted(planned.items()))

    def complete_first(self) -> None:
        """What a worker does with the run that is due."""
        (first,) = self._post("flow_runs/filter", limit=1, sort="EXPECTED_START_TIME_ASC")
        self._post(f"flow_runs/{first['id']}/set_state", state={"type": "COMPLETED"}, force=True)


@pytest.fixture(scope="module")
def nightly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nightly]:
    home = tmp_path_factory.mktemp("clock")
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler, to give a process a clock of its own")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", home / "clock.so", HERE / "clock.c", "-ldl"], check=True)
    started = Nightly(home, home / "clock")
    yield started
    stop_server(started.server)


def each_night_once(planned: dict[datetime, list[str]]) -> bool:
    """Whether no night between the first and the last has no run or two, and all are at the hour of the schedule."""
    days = [when.date() for when in planned]
    hours = {(when.hour, when.minute) for when in planned}
    return (
        days == [days[0] + timedelta(days=number) for number in range(len(days))]
        and hours == {(int(SCHEDULE["cron"].split()[1]), 0)}
        and {len(states) for states in planned.values()} == {1}
    )


def test_each_night_has_one_run_whatever_the_clock_does(nightly: Nightly) -> None:
    planned = nightly.plan()
    assert each_night_once(planned)
    assert min(planned) < SPRING < max(planned)
    nightly.complete_first()

    nightly.set_clock(SPRING - timedelta(days=7))  # back over two nights, of which one is done
    again = nightly.plan()
    assert each_night_once(again)
    assert len(again) > len(planned)
    assert again[min(planned)] == ["COMPLETED"]

    nightly.set_clock(SPRING + timedelta(days=3))  # on over nights in which nobody was awake
    assert each_night_once(nightly.plan())

    nightly.set_clock(AUTUMN - timedelta(days=5))
    late = {when: states for when, states in nightly.plan().items() if when > AUTUMN - timedelta(days=5)}
    assert each_night_once(late)
    assert min(late) < AUTUMN < max(late)
