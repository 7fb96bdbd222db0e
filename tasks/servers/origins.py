"""Keeps pages of elsewhere off a server of this machine, which every browser here reaches."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_HTTP_PORT = 80


def own_origins(port: int) -> list[str]:
    """The origins of the pages that a server on this machine serves itself, as browsers write them."""
    end = "" if port == _HTTP_PORT else f":{port}"
    return [f"http://{name}{end}" for name in ("127.0.0.1", "localhost")]


class OwnOrigins:
    """ASGI middleware: refuses what a page of another origin sends, web sockets too, with status 403.

    CORS alone lets such a page send what needs no preflight. A name of somebody else's that leads to this machine (DNS
    rebinding) makes its page one of the same origin; only the Host header tells. Programs send no Origin.
    """

    def __init__(self, app: ASGIApp, origins: list[str]) -> None:
        self._app, self._origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or hands it on."""
        if scope["type"] in {"http", "websocket"}:
            headers = Headers(scope=scope)
            host = f"http://{headers.get('host', '')}"
            if not {host, headers.get("origin", host)} <= set(self._origins):
                refusal = PlainTextResponse("only pages of this server itself may use it", status_code=403)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
