"""Keeps our servers to this machine: the ports that they listen on, and the pages that may use them."""

import socket

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from eightytwenty.errors import UserError

HOST = "127.0.0.1"
_HTTP_PORT = 80


def listen(port: int, option: str) -> socket.socket:
    """Bind a port, so that no other process can take it before the server starts.

    Args:
        port: 1 to 65535.
        option: The command-line option that chooses the port, for the error message.

    Raises:
        UserError: The port is taken, or needs rights that this process does not have.
    """
    try:
        return socket.create_server((HOST, port))
    except PermissionError:
        raise UserError(f"port {port} needs an administrator's rights: choose one above 1023 with {option}.") from None
    except OSError:
        raise UserError(f"port {port} is taken: stop what listens there, or choose another with {option}.") from None


def own_origins(port: int) -> list[str]:
    """The origins of the pages that a server on this machine serves itself, as browsers write them."""
    suffix = "" if port == _HTTP_PORT else f":{port}"
    return [f"http://{name}{suffix}" for name in (HOST, "localhost")]


class OwnOrigins:
    """ASGI middleware: refuses requests and web sockets from pages of other origins, with status 403.

    Every browser on this machine reaches the server, whatever page it shows. CORS alone lets such a page send requests
    that need no preflight. With DNS rebinding, a foreign name leads to this machine and its page has the same origin as
    the server; only the Host header gives it away. Programs send no Origin.
    """

    def __init__(self, app: ASGIApp, origins: list[str]) -> None:
        self._app, self._origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or passes it on."""
        if scope["type"] in {"http", "websocket"}:
            headers = Headers(scope=scope)
            host = f"http://{headers.get('host', '')}"
            if not {host, headers.get("origin", host)} <= set(self._origins):
                refusal = PlainTextResponse("only pages of this server itself may use it", status_code=403)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
