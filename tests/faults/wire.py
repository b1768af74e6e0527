"""What the fault tests share."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

METRICS = (b"vllm:num_requests_waiting 0\nvllm:num_requests_running 0\nvllm:kv_cache_usage_perc 0\n"
           b'vllm:cache_config_info{block_size="16",num_gpu_blocks="100"} 1\n')


class Tap:
    """An endpoint that keeps every byte of what is not a scrape, and answers each whole request with 200."""

    def __init__(self):
        self.bytes = b""
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        pending = b""
        try:
            with connection:
                while got := connection.recv(65536):
                    pending += got
                    scrape = pending.startswith(b"GET /metrics ")
                    if not scrape:
                        with self._lock:
                            self.bytes += got
                    while (end := pending.find(b"\r\n\r\n")) >= 0:
                        head = pending[:end].lower()
                        length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
                        if len(pending) < end + 4 + length:
                            break
                        pending = pending[end + 4 + length:]
                        body = METRICS if scrape else b"{}"
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        except OSError:
            pass


def each(cases, check, at_once=24):
    """Runs `check(name, case)` for every case, many at a time (most of them wait for a deadline of the gateway); fails
    with the list of all that went wrong."""
    def run(item):
        try:
            check(*item)
        except (AssertionError, OSError) as error:
            return f"{item[0]}: {type(error).__name__} {error}"

    with ThreadPoolExecutor(at_once) as pool:
        wrong = [line for line in pool.map(run, cases.items()) if line]
    assert not wrong, "\n".join(wrong)
