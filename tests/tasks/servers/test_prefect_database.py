"""Four runs that report at once to one real server, while somebody looks at its pages."""

import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tasks.servers.prefect_process import start_server, stop_server

# what the client of a run and the pages in a browser ask for; prints the status of every answer
CLIENT = """
import sys, httpx
with httpx.Client(base_url=sys.argv[1], timeout=120) as client:
    flow = client.post("/flows/", json={"name": "flow"}).json()["id"]
    for number in range(12):
        run = client.post("/flow_runs/", json={"flow_id": flow, "state": {"type": "PENDING"}})
        print(run.status_code)
        for state in ("RUNNING", "COMPLETED") if run.is_success else ():
            body = {"state": {"type": state}}
            print(client.post(f"/flow_runs/{run.json()['id']}/set_state", json=body).status_code)
        print(client.post("/artifacts/", json={"key": "report", "type": "markdown", "data": "-" * 1000}).status_code)
        print(client.post("/flow_runs/filter", json={}).status_code)
"""


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    server, api = start_server(tmp_path, socket.create_server(("127.0.0.1", 0)), {})
    try:
        command = [sys.executable, "-c", CLIENT, api]
        clients = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        answers = Counter(status for client in clients for status in client.communicate()[0].split())
    finally:
        stop_server(server)
    assert set(answers) == {"200", "201"}, answers
    assert answers.total() == 4 * 12 * 5
    assert "database is locked" not in (tmp_path / "server.log").read_text()
