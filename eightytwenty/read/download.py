"""Fetches a source from an http or https address, bounded in size and time."""

import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from eightytwenty.errors import UserError
from eightytwenty.files import writing

MOST_BYTES = 10 << 30
MOST_SECONDS = 3600
_SILENCE_SECONDS = 20


def is_address(source: str) -> bool:
    """Whether a source is an address rather than a path."""
    return "://" in source


def public(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as they may be kept: an address as source without its query, which may hold a secret."""
    source = parameters["source"]
    return {**parameters, "source": shown(source) if is_address(source) else source}


def download(address: str, folder: Path) -> Path:
    """Fetches a file into a folder, under the last part of its address.

    Args:
        address: http:// or https://, nothing else.
        folder: exists.

    Returns:
        the file's path.

    Raises:
        UserError: another kind of address, no answer, an error status, too large or too slow.
    """
    import httpx

    parts = _parts(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UserError(f"{shown(address)} is no http or https address; only those, files and folders are read.")
    if parts.username or parts.password:
        raise UserError(
            f"{shown(address)} was given with a user name or password, which would be kept with the run; "
            "fetch the file yourself and give its path."
        )
    # a folder for each address: two of them may end in the same name
    folder = folder / hashlib.sha256(address.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(parts.path).name
    place = folder / (name if name not in {"", ".."} else "download")
    partial = place.with_name(f".{place.name}.{os.getpid()}.partial")
    deadline, size = time.monotonic() + MOST_SECONDS, 0
    try:
        with httpx.stream("GET", address, follow_redirects=True, timeout=_SILENCE_SECONDS) as answer:
            answer.raise_for_status()
            with writing(place), partial.open("wb") as stream:
                for block in answer.iter_bytes():  # as they come: a drip must meet the deadline, too
                    size += len(block)
                    if size > MOST_BYTES or time.monotonic() > deadline:
                        raise UserError(
                            f"{shown(address)} sends more than {MOST_BYTES >> 30} GB or takes longer than "
                            f"{MOST_SECONDS // 60} minutes; fetch it yourself and give the file."
                        )
                    stream.write(block)
            partial.replace(place)
    except httpx.HTTPStatusError as error:
        status = f"{error.response.status_code} {error.response.reason_phrase}"
        raise UserError(f"{shown(address)} answered {status}; check the address.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = str(error) or type(error).__name__
        raise UserError(f"{shown(address)} cannot be fetched ({why}); check the address and the network.") from None
    finally:
        partial.unlink(missing_ok=True)
    return place


def shown(address: str) -> str:
    """The address without user name, password and query, which may hold secrets.

    Raises:
        UserError: it is malformed.
    """
    parts = _parts(address)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _parts(address: str) -> SplitResult:
    """An address in its parts; where it has none it is not shown, because nobody knows where in it a secret stands."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # is read only when asked for
    except ValueError as error:
        raise UserError(f"The source is no address that can be read ({error}); check its host and port.") from None
    return parts
