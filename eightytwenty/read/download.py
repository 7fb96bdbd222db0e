"""Downloads a source from an http or https address, within bounds of size and time."""

import asyncio
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urlsplit

from eightytwenty.errors import UserError
from eightytwenty.files import clear_leftovers, explain_write_errors

MOST_BYTES = 10 << 30
MOST_SECONDS = 3600
_SILENCE_SECONDS = 20
_PACKINGS = {"identity", "gzip", "x-gzip"}  # the readers unpack gzip themselves, within bounds


def is_address(source: str) -> bool:
    """Whether a source is an address rather than a path."""
    return "://" in source


def redact_source(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, with an address as source reduced to what may be stored: its query may hold a secret."""
    source = parameters["source"]
    return {**parameters, "source": redact_address(source) if is_address(source) else source}


def download(address: str, folder: Path) -> Path:
    """Downloads a file into a folder, under the last part of its address.

    Args:
        address: http:// or https://, nothing else.
        folder: an existing folder.

    Returns:
        The file's path.

    Raises:
        UserError: another kind of address, no answer, an error status, too large or too slow.
    """
    import httpx

    parts = _parts(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UserError(f"{redact_address(address)} is not an http or https address; give one, a file or a folder.")
    if parts.username or parts.password:
        raise UserError(
            f"{redact_address(address)} has a user name or password, which would be stored with the run; "
            "download the file yourself and give its path."
        )
    # a folder for each address: two of them may end in the same name
    folder = folder / hashlib.sha256(address.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(parts.path).name
    path = folder / (name if name not in {"", ".."} else "download")
    clear_leftovers(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with explain_write_errors(path), partial.open("wb") as stream:
            asyncio.run(_receive(address, stream))
        partial.replace(path)
    except TimeoutError:
        raise _too_much(address) from None
    except httpx.HTTPStatusError as error:
        status = f"{error.response.status_code} {error.response.reason_phrase}"
        raise UserError(f"{redact_address(address)} answered {status}; check the address.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = str(error) or type(error).__name__
        raise UserError(
            f"{redact_address(address)} cannot be downloaded ({why}); check the address and the network."
        ) from None
    finally:
        partial.unlink(missing_ok=True)
    return path


async def _receive(address: str, stream: BinaryIO) -> None:
    """Writes what an address sends. The deadline holds at every moment, also before the first byte of the content."""
    import httpx

    size = 0
    # content that the server has packed could unpack to gigabytes at once; what is read here is written as it comes
    headers = {"Accept-Encoding": "identity"}
    async with (
        asyncio.timeout(MOST_SECONDS),
        httpx.AsyncClient(follow_redirects=True, timeout=_SILENCE_SECONDS, headers=headers) as client,
        client.stream("GET", address) as response,
    ):
        response.raise_for_status()
        packing = response.headers.get("Content-Encoding", "identity").lower()
        if packing not in _PACKINGS:
            raise UserError(
                f"{redact_address(address)} sends its content packed as {packing[:20]!r}; download it yourself and "
                "give the file."
            )
        async for block in response.aiter_raw():
            size += len(block)
            if size > MOST_BYTES:
                raise _too_much(address)
            stream.write(block)


def _too_much(address: str) -> UserError:
    return UserError(
        f"{redact_address(address)} sends more than {MOST_BYTES >> 30} GB or takes longer than "
        f"{MOST_SECONDS // 60} minutes; download it yourself and give the file."
    )


def redact_address(address: str) -> str:
    """The address without user name, password and query, which may hold secrets.

    Raises:
        UserError: it is malformed.
    """
    parts = _parts(address)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _parts(address: str) -> SplitResult:
    """Splits an address. A malformed one is not quoted, because a secret may be anywhere in it."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # is parsed only on access
    except ValueError as error:
        raise UserError(f"The source is not a valid address ({error}); check its host and port.") from None
    return parts
