"""Free TCP ports of the loopback address."""

import socket

HOST = "127.0.0.1"


def free_ports(count: int, wanted: tuple[int, ...] = ()) -> tuple[int, ...]:
    """`wanted` where all of them are free, else `count` other ports that are."""
    if len(wanted) == count and all(_is_free(port) for port in wanted):
        return wanted
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = tuple(server.getsockname()[1] for server in sockets)
    for server in sockets:
        server.close()
    return ports


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True
