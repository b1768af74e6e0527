"""What the integration tests are written with: the real binary, raw sockets, scripted upstreams.

    def test_a_refused_connection_is_a_503(weir):
        gateway = weir("--endpoint", f"http://127.0.0.1:{free_port()}")
        answer = gateway.chat()
        assert answer.status == 503

Fixtures (conftest.py): `weir`, `sim`, `upstream`, `manifests`. Every wait has a deadline; nothing sleeps for luck.
"""

from .http import Answer, Connection, chat_body, request
from .process import WeirProcess, is_sanitized, run_weir, weir_binary
from .sockets import free_port, free_ports, wait_for
from .upstream import Upstream, echo, reply, stream

__all__ = ["Answer", "Connection", "Upstream", "WeirProcess", "chat_body", "echo", "free_port", "free_ports",
           "is_sanitized", "reply", "request", "run_weir", "stream", "wait_for", "weir_binary"]
