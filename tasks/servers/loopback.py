"""Keeps our servers to this machine: the ports that they listen on, and the pages that may use them."""

import socket

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
    """ASGI middleware: lets no page of another origin use a server, and no page of the server ask another host.

    Every browser on this machine reaches the server, whatever page it shows. CORS alone lets such a page send requests
    that need no preflight; so whatever names another origin is refused with status 403, web sockets and preflights
    included. With DNS rebinding, a foreign name leads to this machine and its page has the same origin as the server;
    only the Host header gives it away. Programs send no Origin.

    Headers of each answer tell the browser what remains: to show it in no foreign frame, to load it into no foreign
    page, to guess no type, and to ask nobody but this server on its behalf, whatever its texts and scripts say.
    """

    def __init__(self, app: ASGIApp, origins: list[str]) -> None:
        self._app, self._origins = app, origins
        own = " ".join(("'self'", *origins, *(origin.replace("http", "ws", 1) for origin in origins)))
        self._headers = {
            # both UIs have inline styles and compile templates; they make pictures and workers of their own as blob:
            "Content-Security-Policy": f"default-src {own} 'unsafe-inline' 'unsafe-eval' data: blob:; "
            "frame-ancestors 'self'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or passes it on."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        if scope["type"] in {"http", "websocket"}:
            headers = Headers(scope=scope)
            host = f"http://{headers.get('host', '')}"
            if not {host, headers.get("origin", host)} <= set(self._origins):
                refusal = PlainTextResponse("only pages of this server itself may use it", status_code=403)
                await refusal(scope, receive, send_with_headers)
                return
        await self._app(scope, receive, send_with_headers)
