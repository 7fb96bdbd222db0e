"""The ports that servers listen on, on this machine only."""

import socket

from eightytwenty.errors import UserError

HOST = "127.0.0.1"


def listen(port: int, option: str) -> socket.socket:
    """Take a port, so that nobody else does until the server behind it starts.

    Args:
        port: 1 to 65535.
        option: What chooses the port, for the sentence.

    Raises:
        UserError: It is taken, or needs rights that this process does not have.
    """
    try:
        return socket.create_server((HOST, port))
    except PermissionError:
        raise UserError(f"port {port} needs an administrator's rights: choose one above 1023 with {option}.") from None
    except OSError:
        raise UserError(f"port {port} is taken: stop what listens there, or choose another with {option}.") from None
