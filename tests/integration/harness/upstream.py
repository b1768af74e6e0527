"""A model server under the test's control: it answers, stalls, lies and breaks off exactly as told."""

import json
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass

from .sockets import wait_for


@dataclass
class Received:
    """One request as its bytes arrived."""

    method: str
    target: str
    headers: list
    body: bytes
    raw_head: bytes
    connection: int   # 1 for the first connection accepted, and so on

    def header(self, name):
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self):
        return json.loads(self.body)


class Exchange:
    """What a script answers with: bytes, ends and resets, in the order of its calls."""

    def __init__(self, connection, reader, request):
        self._connection, self._reader, self.request = connection, reader, request

    def send(self, data):
        """Exactly these bytes."""
        self._connection.sendall(data.encode() if isinstance(data, str) else data)

    def close(self):
        """FIN."""
        self._connection.shutdown(socket.SHUT_RDWR)

    def reset(self):
        """RST."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._reader.close()  # while a reader is open, the descriptor stays open too
        self._connection.close()

    def peer_gone(self, seconds=10.0):
        """True when the other side ends the connection within that time."""
        self._connection.settimeout(seconds)
        try:
            return self._connection.recv(1) == b""
        except ConnectionResetError:
            return True
        except (TimeoutError, socket.timeout):
            return False


def reply(status=200, body=b"{}", headers=(), reason="OK"):
    """A script that answers with one sized body."""
    body = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    body = body.encode() if isinstance(body, str) else body
    fields = {"content-type": "application/json", "content-length": str(len(body)), **dict(headers)}
    head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items()) + "\r\n"
    return lambda exchange: exchange.send(head.encode() + body)


def echo(name="upstream", headers=()):
    """A script that answers with what it received, as JSON: server, target, body and headers (names in lower case)."""

    def run(exchange):
        request = exchange.request
        received = {}
        for field, value in request.headers:
            received.setdefault(field.lower(), []).append(value)
        body = {"server": name, "method": request.method, "target": request.target,
                "headers": {field: ", ".join(values) for field, values in received.items()},
                "body": request.body.decode("latin-1")}
        reply(200, body, headers)(exchange)

    return run


def stream(events, *, between=lambda index: None, end=True):
    """A script that answers with a chunked server-sent stream. `between(i)` runs before event i (wait there);
    without `end` the last chunk is left out and the connection closed."""

    def run(exchange):
        exchange.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for index, event in enumerate(events):
            between(index)
            data = f"data: {event}\n\n".encode()
            exchange.send(b"%x\r\n%s\r\n" % (len(data), data))
        if end:
            exchange.send(b"0\r\n\r\n")
        else:
            exchange.close()

    return run


class Upstream:
    """A server on a loopback port. `script` is called with each Exchange, or is a list with one script a request, whose
    last one stays. Scrapes of `/metrics` are answered with `metrics` (None: 404) and counted apart; other targets that
    are no requests of clients (health, model lists, metrics elsewhere) have their scripts in `pages`."""

    def __init__(self, script=None, port=0, host="127.0.0.1"):
        self.scripts = list(script) if isinstance(script, (list, tuple)) else [script or reply()]
        self.requests, self.scrapes, self.connections, self.errors = [], 0, 0, []
        self.pages, self.page_hits = {}, Counter()
        self.set_metrics()
        self._lock = threading.Lock()
        self._open = set()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=256)
        self.port = self._listener.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def set_metrics(self, *, waiting=0, running=0, kv=0.0, extra=""):
        """What a scrape reads: vLLM's names."""
        self.metrics = (f'vllm:num_requests_waiting{{model_name="m"}} {waiting}\n'
                        f'vllm:num_requests_running{{model_name="m"}} {running}\n'
                        f'vllm:kv_cache_usage_perc{{model_name="m"}} {kv}\n'
                        f'vllm:cache_config_info{{block_size="16",num_gpu_blocks="1000"}} 1.0\n{extra}')

    def wait_requests(self, count=1, seconds=10.0):
        """The requests, once there are that many."""
        wait_for(lambda: len(self.requests) >= count, f"{count} requests at {self.address}", seconds)
        return self.requests

    def stop(self):
        """Closes the port and every connection; what connects later is refused."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            still_open, self._open = self._open, set()
        for connection in still_open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
                number = self.connections
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        try:
            with connection, connection.makefile("rb") as reader:
                while (received := self._read(reader, connection, number)) is not None:
                    self._answer(Exchange(connection, reader, received))
        except (OSError, ValueError):
            pass  # the other side broke off, or the script did
        except Exception as error:  # a mistake in the script: the test sees it at teardown
            self.errors.append(error)
        finally:
            with self._lock:
                self._open.discard(connection)

    def _answer(self, exchange):
        received = exchange.request
        if page := self.pages.get(received.target):
            self.page_hits[received.target] += 1
            return page(exchange)
        if received.target == "/metrics":
            self.scrapes += 1
            page = self.metrics
            return (reply(404, "") if page is None else reply(200, page, {"content-type": "text/plain"}))(exchange)
        with self._lock:
            self.requests.append(received)
            script = self.scripts[0] if len(self.scripts) == 1 else self.scripts.pop(0)
        return script(exchange)

    @staticmethod
    def _read(reader, connection, number):
        """The next request, whole; None at the end of the connection."""
        raw = b""
        while not raw.endswith(b"\r\n\r\n"):
            line = reader.readline()
            if not line:
                return None
            raw += line
        lines = raw[:-4].decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        received = Received(method, target, headers, b"", raw, number)
        if (received.header("expect") or "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if (received.header("transfer-encoding") or "").lower() == "chunked":
            while size := int(reader.readline().split(b";")[0], 16):
                received.body += reader.read(size)
                reader.readline()
            while reader.readline() not in (b"\r\n", b""):
                pass
        else:
            received.body = reader.read(int(received.header("content-length") or 0))
        return received
