"""Fixtures of the library's tests."""

from collections.abc import Iterator

import pytest
import s3fs
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="module")
def store() -> Iterator[s3fs.S3FileSystem]:
    """An object store of the kind of S3, a server on this machine, with an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    _, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3fs.S3FileSystem.clear_instance_cache()  # they know the server of another module
        files = s3fs.S3FileSystem()
        files.mkdir("bucket")
        yield files
        files.rm("bucket", recursive=True)  # the next server holds the same
    server.stop()
