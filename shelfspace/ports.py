"""Whether a server can listen where it is told to."""

import errno
import socket

from shelfspace.errors import SettingsError

__all__ = ["check_port_free"]


def check_port_free(host: str, port: int) -> None:
    """Refuse a port before a server is started on it.

    Args:
        host: an address, IPv4 or IPv6.
        port: from 1 on.

    Raises:
        SettingsError: something listens there, or this user may not; names the port and the remedy.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: what is left of closed connections keeps no port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            other = "choose another: PORT=... with make, or --port"
            if error.errno == errno.EADDRINUSE:
                other = f"it is in use; end what listens there, or {other}"
            raise SettingsError("port", port, f"{other} ({host}: {error.strerror})") from None
