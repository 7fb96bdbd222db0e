"""The champion of a registered model: the version that the alias points at, and the history of its changes.

A change is announced in a tag of the registered model, then the alias moves, then the version gets the same tag. If a
process is killed in between, the change either has happened, and the next change completes it, or was only announced:
then it does not count, and the next change overwrites it. Each change has a tag of its own, because some databases
limit a tag of a registered model to 5,000 characters.
"""

import json
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException
from pydantic import TypeAdapter, ValidationError

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors
from tasks.running.ownership import exclusive_lock
from tasks.running.stages import data_folder
from tasks.tracking.registry import find, versions_of

CHAMPION = "champion"

_MAX_CHARACTERS = 1000
_CHANGE = re.compile(rf"{CHAMPION}\.(\d+)")


@dataclass(frozen=True)
class ChampionChange:
    """One entry in the history of a model's champion.

    Attributes:
        version: The champion from then on.
        before: The champion that it replaced; None if there was none.
        when: ISO 8601, UTC, to the second.
        why: One sentence for people.
    """

    version: int
    before: int | None
    when: str
    why: str


def champion(client: MlflowClient, name: str) -> ModelVersion | None:
    """The version that is champion of a registered model; None if there is none, or no such model."""
    number = _champion(_model(client, name))
    return None if number is None else client.get_model_version(name, str(number))


def promote(client: MlflowClient, name: str, version: int, why: str) -> ChampionChange:
    """Make a version the champion; if it is champion already, nothing is added to the history.

    Args:
        client: The tracking store.
        name: The registered model.
        version: Number of the version.
        why: One sentence for people; cut after 1,000 characters.

    Returns:
        The change that made it champion.

    Raises:
        UserError: There is no such version.
    """
    with _one_change_at_a_time():
        return _promote(client, name, version, why)


def promote_first(client: MlflowClient, name: str, version: int, why: str) -> bool:
    """Make a version the champion if there is none.

    Returns:
        Whether this version is the champion now.

    Raises:
        UserError: There is no such version.
    """
    with _one_change_at_a_time():
        if _champion(_model(client, name)) not in (None, version):
            return False
        _promote(client, name, version, why)
        return True


def history(client: MlflowClient, name: str) -> list[ChampionChange]:
    """All changes of the champion, oldest first; the last may be one made elsewhere, such as in the MLflow UI.

    Raises:
        UserError: The tag of a change is damaged.
    """
    model = _model(client, name)
    if model is None:
        return []
    current = _champion(model)
    tags = {int(match[1]): value for key, value in model.tags.items() if (match := _CHANGE.fullmatch(key))}
    changes = [_parse(name, number, tags[number]) for number in sorted(tags)]
    if changes and changes[-1].version != current and not _has_happened(client, name, len(changes), changes[-1]):
        changes.pop()
    before = changes[-1].version if changes else None
    if current is not None and current != before:
        when = _iso(datetime.fromtimestamp((model.last_updated_timestamp or 0) / 1000, UTC))
        changes.append(ChampionChange(current, before, when, "The alias was set outside of eightytwenty."))
    return changes


def roll_back(client: MlflowClient, name: str, to: int = 0) -> ChampionChange:
    """Make an earlier version champion again.

    Args:
        client: The tracking store.
        name: The registered model.
        to: The version; 0 means the champion before this one, so that each call goes one further back.

    Returns:
        The change.

    Raises:
        UserError: There is no such model or version, it is champion already, or there is no earlier champion.
    """
    with _one_change_at_a_time():
        versions = versions_of(client, name)
        current = _champion(_model(client, name))
        if to == 0:
            line = [version for version in _line(history(client, name)) if version in versions]
            earlier = line[: line.index(current)] if current in line else line
            if not earlier:
                numbers = ", ".join(map(str, sorted(versions)))
                raise UserError(f"{name} has no earlier champion: choose one of its versions by --to ({numbers}).")
            to = earlier[-1]
        elif to == current:
            raise UserError(f"{name}/{to} is the champion already: choose another version.")
        before = "none" if current is None else current
        return _promote(client, name, to, f"Rolled back from {before} by hand.")


def _promote(client: MlflowClient, name: str, version: int, why: str) -> ChampionChange:
    find(client, f"{name}/{version}")
    changes = history(client, name)
    current = _champion(_model(client, name))
    if current is not None:  # completes a change of a killed process, and records one that was made elsewhere
        _enact(client, name, len(changes), changes[-1])
    if current == version:
        return changes[-1]
    sentence = textwrap.shorten(why, _MAX_CHARACTERS, placeholder=" ...")
    change = ChampionChange(version, current, _iso(datetime.now(UTC)), sentence)
    _enact(client, name, len(changes) + 1, change)
    return change


def _enact(client: MlflowClient, name: str, number: int, change: ChampionChange) -> None:
    version, key, value = str(change.version), _key(number), json.dumps(asdict(change))
    client.set_registered_model_tag(name, key, value)
    client.set_registered_model_alias(name, CHAMPION, version)
    client.set_model_version_tag(name, version, key, value)


def _has_happened(client: MlflowClient, name: str, number: int, change: ChampionChange) -> bool:
    """Whether an announced change was completed; this is assumed if its version has been deleted."""
    try:
        tags = client.get_model_version(name, str(change.version)).tags
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return True
    return tags.get(_key(number)) == json.dumps(asdict(change))


def _parse(name: str, number: int, tag: str) -> ChampionChange:
    try:
        return TypeAdapter(ChampionChange).validate_json(tag, strict=True)
    except ValidationError:
        example = json.dumps(asdict(ChampionChange(2, 1, "2026-01-31T12:00:00+00:00", "It was better.")))
        raise UserError(
            f"the tag {_key(number)} of the registered model {name} is damaged: correct it in MLflow, to one such as "
            f"{example}."
        ) from None


def _line(changes: list[ChampionChange]) -> list[int]:
    """The champions to roll back along; when an earlier one came back, those after it are dropped."""
    line: list[int] = []
    for change in changes:
        if change.version in line:
            del line[line.index(change.version) :]
        line.append(change.version)
    return line


def _model(client: MlflowClient, name: str) -> RegisteredModel | None:
    try:
        return client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def _champion(model: RegisteredModel | None) -> int | None:
    number = model.aliases.get(CHAMPION) if model else None
    return None if number is None else int(number)


def _key(number: int) -> str:
    return f"{CHAMPION}.{number:04}"


def _iso(when: datetime) -> str:
    return when.isoformat(timespec="seconds")


@contextmanager
def _one_change_at_a_time() -> Iterator[None]:
    lock = data_folder() / "owners" / "champion"
    with explain_write_errors(lock), exclusive_lock(lock):
        yield
