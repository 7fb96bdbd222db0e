"""The model registry: versions of a named model, and aliases such as "champion" that point at one of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from eightytwenty.errors import UserError
from eightytwenty.files import sha256
from tasks.tracking.local import DIGEST, SUMS, is_listed, split_reference
from tasks.tracking.networks import DESCRIPTION, WEIGHTS
from tasks.tracking.run import Run

if TYPE_CHECKING:
    import keras


def register(
    run: Run, model_id: str, name: str, tags: Mapping[str, str] | None = None, *, about: str = "", description: str = ""
) -> int:
    """Make a logged model the next version of a registered model, which is created if needed.

    Args:
        run: The run that logged the model.
        model_id: The logged model, as `tasks.tracking.networks.log_model` returns it.
        name: The registered model.
        tags: Of the version.
        about: What the registered model is, for its page, if it has no description yet.
        description: Of the version.

    Returns:
        The number of the version.
    """
    client = run.client
    if not _versions(client, name):
        _create_model(client, name, about)
    logged = client.get_logged_model(model_id)
    # The address of the files, not "models:/<id>": that one would be looked up in MLflow's global store.
    version = client.create_model_version(
        name,
        logged.artifact_location,
        run.run_id,
        tags={**(tags or {}), **{tag: value for tag, value in logged.tags.items() if tag == DIGEST}},
        model_id=model_id,
        description=description or None,
    )
    # by this tag the UI knows that the logged model is registered; a server writes the tag by itself
    versions = [*json.loads(logged.tags.get(MLFLOW_MODEL_VERSIONS, "[]")), {"name": name, "version": version.version}]
    client.set_logged_model_tags(model_id, {MLFLOW_MODEL_VERSIONS: json.dumps(versions)})
    return int(version.version)


def version_with_tags(client: MlflowClient, name: str, tags: Mapping[str, str]) -> int | None:
    """The newest version of a registered model that has these tags; None if there is none."""
    versions = _versions(client, name)
    return max((number for number, version in versions.items() if tags.items() <= version.tags.items()), default=None)


def find(client: MlflowClient, model: str) -> ModelVersion:
    """Find a version of a registered model.

    Args:
        client: The tracking store.
        model: "name@alias" or "name/version".

    Raises:
        UserError: The model, the alias or the version does not exist; the sentence lists what does.
    """
    name, separator, reference = split_reference(model)
    versions = versions_of(client, name)
    aliases = {alias: int(number) for alias, number in client.get_registered_model(name).aliases.items()}
    number = aliases.get(reference) if separator == "@" else int(reference) if reference.isdecimal() else None
    if number not in versions:
        choices = [f"{name}@{alias} (version {number})" for alias, number in sorted(aliases.items())]
        choices += [f"{name}/{number}" for number in sorted(versions)]
        raise UserError(f"there is no {model!r}: choose one of {', '.join(choices)}.")
    return versions[number]


def versions_of(client: MlflowClient, name: str) -> dict[int, ModelVersion]:
    """Find all versions of a registered model, by number.

    Raises:
        UserError: There is no such model; the sentence lists those that exist.
    """
    versions = _versions(client, name) if name else {}
    if not versions:
        raise UserError(f"there is no registered model {name!r}: {_model_names(client)}.")
    return versions


def describe(client: MlflowClient, version: ModelVersion) -> dict[str, Any]:
    """Read the `metadata` that `log_model` wrote with the model of a version.

    Raises:
        UserError: Its files are gone or damaged.
    """
    import yaml

    content = _fetch(client, version, DESCRIPTION).read_bytes()
    try:
        # MLflow's Model.load would take a path with ? or # for an address
        return dict(yaml.safe_load(content).get("metadata") or {})
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(version, DESCRIPTION) from error


def load(client: MlflowClient, version: ModelVersion) -> "keras.Model":
    """Load the Keras model of a version, without running any code that came with it.

    Raises:
        UserError: Its files are gone or damaged, or it is not a Keras model that can be loaded safely.
    """
    from tasks.running.tensorflow import import_quietly

    file = _fetch(client, version, WEIGHTS)
    import_quietly()
    import keras

    try:
        # with MLflow's own loader the safe mode would depend on a global switch
        return keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # whatever the file holds instead
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(
            f"{_place(version, WEIGHTS)} cannot be loaded safely ({why}): choose another version."
        ) from error


def _fetch(client: MlflowClient, version: ModelVersion, file: str) -> Path:
    path = _download(client, version, file)
    if digest := version.tags.get(DIGEST):  # models that an earlier release logged have none
        sums = _download(client, version, SUMS)
        if sha256(sums) != digest:
            raise _damaged(version, SUMS)
        if not is_listed(path, file, sums):
            raise _damaged(version, file)
    return path


def _download(client: MlflowClient, version: ModelVersion, file: str) -> Path:
    import mlflow.artifacts

    try:
        path = Path(mlflow.artifacts.download_artifacts(f"{version.source}/{file}", tracking_uri=client.tracking_uri))
    except (MlflowException, OSError) as error:
        name = f"{version.name}/{version.version}"
        raise UserError(f"the model {name} has no file {file} in {version.source}: choose another version.") from error
    if not path.is_file():
        raise _damaged(version, file)
    return path


def _damaged(version: ModelVersion, file: str) -> UserError:
    return UserError(
        f"{_place(version, file)} was changed or damaged after it was logged: put it back from a backup, or choose "
        "another version."
    )


def _place(version: ModelVersion, file: str) -> str:
    return f"{version.source}/{file} of the model {version.name}/{version.version}"


def _versions(client: MlflowClient, name: str) -> dict[int, ModelVersion]:
    quoted = name.replace("'", "''")
    versions: dict[int, ModelVersion] = {}
    token: str | None = None
    while token != "":
        page = client.search_model_versions(f"name = '{quoted}'", page_token=token)
        versions |= {int(version.version): version for version in page}
        token = page.token or ""
    return versions


def _model_names(client: MlflowClient) -> str:
    names = sorted(model.name for model in client.search_registered_models())
    first = f"choose one of {', '.join(names)}, or train another" if names else "none is registered yet; train one"
    return f"{first} with `eightytwenty adders` or `eightytwenty gan`"


def _create_model(client: MlflowClient, name: str, about: str) -> None:
    try:
        client.create_registered_model(name, description=about or None)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":  # by another process, or without a version yet
            raise
