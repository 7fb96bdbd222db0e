"""What a Prefect server does by itself about our runs: it closes those that died, and tells of what needs a person."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from tasks.retrain import ALL_REFUSED, SOME_REFUSED, SOME_REFUSED_AND_LOST

TELL = "tell of failed or refused retraining"
"""The automation whose action its users choose."""
INBOX = "inbox"
"""The tag of the deployments that take what arrives in an inbox."""
_CRASH = "crash silent runs"
_SILENCE = timedelta(seconds=90)
"""Three heartbeats of a flow run; see PREFECT_FLOWS_HEARTBEAT_FREQUENCY in tasks/__init__.py."""
_NEED_A_PERSON = ("Failed", "Crashed", ALL_REFUSED, SOME_REFUSED, SOME_REFUSED_AND_LOST)
_EVENT = "prefect.flow-run."  # begins the name of every event of a flow run; the rest is that of its new state


def register_automations() -> None:
    """Register our automations, or update them. What users made of the one that tells stays as it is."""
    from prefect.automations import Automation

    for automation in (_crash_silent_runs(), _tell()):
        try:
            registered = cast("Automation", Automation.read(name=automation["name"]))
        except ValueError:
            Automation(**automation).create()
        else:
            theirs = {"actions": registered.actions, "enabled": registered.enabled} if registered.name == TELL else {}
            Automation(**{**automation, **theirs, "id": registered.id}).update()


def _crash_silent_runs() -> Mapping[str, Any]:
    """For runs that fall silent before they end: their process was killed together with its worker or its machine."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import EventTrigger, Posture

    return {
        "name": _CRASH,
        "description": "A run without a heartbeat for 90 seconds becomes Crashed.",
        "trigger": EventTrigger(
            after={f"{_EVENT}heartbeat"},
            expect={f"{_EVENT}*"},  # the next heartbeat, or an end, whatever its state is called
            match={"prefect.resource.id": [f"{_EVENT}*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENCE,
        ),
        "actions": [
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message="No heartbeat for 90 seconds: its process is gone.",
                force=False,
            )
        ],
    }


def _tell() -> Mapping[str, Any]:
    """For runs over an inbox that need a person. Where they are told of it is up to them, so there is no action yet."""
    from prefect.events.schemas.automations import EventTrigger, Posture

    return {
        "name": TELL,
        "description": "Choose how you are told: edit it, and add the action Send a notification.",
        "trigger": EventTrigger(
            expect={f"{_EVENT}{name}" for name in _NEED_A_PERSON},
            match={"prefect.resource.id": [f"{_EVENT}*"]},
            match_related={"prefect.resource.role": ["tag"], "prefect.resource.id": [f"prefect.tag.{INBOX}"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        "actions": [],
    }
