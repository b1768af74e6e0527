"""A client that shows every byte: it sends what it is told and reads answers strictly."""

import json
import socket
import struct
import time
from dataclasses import dataclass, field


@dataclass
class Answer:
    """One response. `headers` keeps order and repetitions; `complete` is False when the body was cut off."""

    status: int
    reason: str
    headers: list
    body: bytes = b""
    complete: bool = True
    interim: list = field(default_factory=list)   # the 1xx answers before it
    raw_head: bytes = b""

    def header(self, name):
        """The values of a field joined by a comma, or None."""
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def events(self):
        """The payloads of the `data:` lines of a server-sent stream."""
        return [line[5:].strip() for line in self.text.split("\n") if line.startswith("data:")]


def chat_body(content="Say hello.", *, model="m", **more):
    return {"model": model, "messages": [{"role": "user", "content": content}], **more}


def request(method, target, body=None, headers=()):
    """The bytes of a well-formed HTTP/1.1 request; a dict as body is sent as JSON."""
    fields = dict(headers)
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
        fields.setdefault("Content-Type", "application/json")
    body = body.encode() if isinstance(body, str) else body
    lowered = {name.lower() for name in fields}
    if "host" not in lowered:
        fields = {"Host": "test.local", **fields}
    if body is not None and not lowered & {"content-length", "transfer-encoding"}:
        fields["Content-Length"] = str(len(body))
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items()) + "\r\n"
    return head.encode() + (body or b"")


class Connection:
    """One TCP connection. Reads end by `timeout` seconds with an AssertionError that shows what had come."""

    def __init__(self, address, timeout=10.0):
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.buffer = b""
        self.at_end = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def finish_writing(self):
        self.socket.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def request(self, method, target, body=None, headers=(), **how):
        """Sends one well-formed request and reads its answer."""
        self.send(request(method, target, body, headers))
        return self.read_answer(head_only=method == "HEAD", **how)

    def _fill(self, deadline):
        """Reads more bytes; False at the end of the stream, a reset counts as one."""
        if self.at_end:
            return False
        left = deadline - time.monotonic()
        if left <= 0:
            raise AssertionError(f"nothing more within {self.timeout:g} s behind {self.buffer[-300:]!r}")
        self.socket.settimeout(left)
        try:
            got = self.socket.recv(65536)
        except (TimeoutError, socket.timeout):
            raise AssertionError(f"nothing more within {self.timeout:g} s behind {self.buffer[-300:]!r}") from None
        except ConnectionResetError:
            got = b""
        self.at_end = not got
        self.buffer += got
        return bool(got)

    def _deadline(self, timeout=None):
        return time.monotonic() + (self.timeout if timeout is None else timeout)

    def _take(self, count):
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read_until(self, mark, timeout=None):
        """The bytes up to and including `mark`."""
        deadline = self._deadline(timeout)
        while mark not in self.buffer:
            if not self._fill(deadline):
                raise AssertionError(f"the stream ended before {mark!r}: {self.buffer[-300:]!r}")
        return self._take(self.buffer.index(mark) + len(mark))

    def read_exactly(self, count, timeout=None):
        deadline = self._deadline(timeout)
        while len(self.buffer) < count:
            if not self._fill(deadline):
                raise AssertionError(f"the stream ended {count - len(self.buffer)} bytes early")
        return self._take(count)

    def read_to_end(self, timeout=None):
        """Everything up to the end of the stream."""
        deadline = self._deadline(timeout)
        while self._fill(deadline):
            pass
        return self._take(len(self.buffer))

    def is_silent(self, seconds):
        """True when nothing more comes, not even an end, for that long."""
        try:
            self._fill(time.monotonic() + seconds)
        except AssertionError:
            return True
        return False

    def read_head(self, timeout=None):
        """The next head that is not interim, as an Answer without a body."""
        interim = []
        while True:
            raw = self.read_until(b"\r\n\r\n", timeout)
            lines = raw[:-4].decode("latin-1").split("\r\n")
            version, status, *reason = lines[0].split(" ", 2)
            assert version in ("HTTP/1.1", "HTTP/1.0"), lines[0]
            headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
            answer = Answer(int(status), reason[0] if reason else "", headers, interim=interim, raw_head=raw)
            if answer.status >= 200 or answer.status == 101:
                return answer
            interim.append(answer)

    def read_answer(self, head_only=False, timeout=None):
        """The next answer, whole. A body that is cut off gives what came and `complete` False."""
        answer = self.read_head(timeout)
        if head_only or answer.status in (101, 204, 304):
            return answer
        pieces = []
        try:
            for piece in self.pieces(answer, timeout):
                pieces.append(piece)
        except EOFError:
            answer.complete = False
        answer.body = b"".join(pieces)
        return answer

    def pieces(self, answer, timeout=None):
        """Yields the decoded body as it arrives; EOFError when it is cut off."""
        if (answer.header("transfer-encoding") or "").lower() == "chunked":
            yield from self._chunks(timeout)
        elif (length := answer.header("content-length")) is not None:
            yield from self._sized(int(length), timeout)
        else:
            while self.buffer or self._fill(self._deadline(timeout)):
                yield self._take(len(self.buffer))

    def _sized(self, left, timeout):
        while left:
            if not self.buffer and not self._fill(self._deadline(timeout)):
                raise EOFError
            piece = self._take(left)
            left -= len(piece)
            yield piece

    def _chunks(self, timeout):
        while True:
            size = int(self._line(timeout).split(b";")[0], 16)
            if size == 0:
                while self._line(timeout):
                    pass
                return
            yield from self._sized(size, timeout)
            assert self._line(timeout) == b""

    def _line(self, timeout):
        deadline = self._deadline(timeout)
        while b"\r\n" not in self.buffer:
            if not self._fill(deadline):
                raise EOFError
        return self._take(self.buffer.index(b"\r\n") + 2)[:-2]

    def events(self, answer, timeout=None):
        """Yields each event of a server-sent stream as soon as it is whole; EOFError when it is cut off."""
        pending = b""
        for piece in self.pieces(answer, timeout):
            pending += piece
            while b"\n\n" in pending:
                event, pending = pending.split(b"\n\n", 1)
                yield event.decode()
