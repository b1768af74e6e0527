"""weir as the rows need it: with its admin API, from flags or manifests."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path

import processes

POOL = """apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: llm}
spec:
  selector: {matchLabels: {app: llm}}
  targetPorts: [{number: 8000}]
"""


class Gateway(processes.Process):
    """weir between `with` and its end, ready."""

    def __init__(self, bench, folder, listen, admin, flags, *, on=None, threads=1):
        command = [str(bench.build / "weir"), "serve", "--listen", listen, "--admin", admin, "--threads", str(threads),
                   *flags]
        super().__init__(command, on or bench.proxy_cores, folder / "weir.log")
        self.admin = admin

    def __enter__(self):
        super().__enter__()
        try:
            self.wait_answer(self.admin, "/readyz")
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_answer(self, address, path, seconds=30, pause=0.001):
        """Until GET is answered with 200; the moment it was."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                get(address, path)
                return time.monotonic()
            except OSError:
                if time.monotonic() > deadline or self.child.poll() is not None:
                    raise RuntimeError(f"weir: no {path}: {Path(self.log_path).read_text()[-500:]}") from None
            time.sleep(pause)

    def json(self, path):
        return json.loads(get(self.admin, path))

    def metric(self, name, label=""):
        """The sum of a metric's series, those with `label` in their labels alone where one is given."""
        total = 0.0
        for line in get(self.admin, "/metrics").decode().splitlines():
            if line.startswith((name + "{", name + " ")) and label in line:
                total += float(line.rsplit(" ", 1)[1])
        return total


def endpoint_flags(endpoints):
    return [x for a in endpoints for x in ("--endpoint", f"http://{a}")]


def pods(endpoints):
    """The manifests of a pool and of one Pod an endpoint."""
    lines = [POOL]
    for i, address in enumerate(endpoints):
        lines.append("---\napiVersion: v1\nkind: Pod\nmetadata:\n"
                     f"  name: llm-{i}\n  labels: {{app: llm}}\n  annotations: {{weir.dev/address: \"{address}\"}}\n")
    return "".join(lines)


def route(name, path):
    return ("---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
            f"metadata: {{name: {name}}}\nspec:\n  parentRefs: [{{name: gateway}}]\n  rules:\n"
            f"  - matches: [{{path: {{type: PathPrefix, value: {path}}}}}]\n"
            "    backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: llm}]\n")


def get(address, path, body=None):
    request = urllib.request.Request(f"http://{address}{path}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()
