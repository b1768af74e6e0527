"""Manifests of some MiB that ask for as much as a file can: `SHAPES` names them, each a function of the size in bytes.

`python3 bench/load/extremes.py build/release/weir [MiB]` prints what `weir check` takes for each.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

GATEWAY_API = "gateway.networking.k8s.io/v1"
POOL_API = "inference.networking.k8s.io/v1"


def document(api_version, kind, name, rest):
    return f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: {name}}}\n{rest}\n---\n"


def route(i, rules, parents="{name: g}"):
    return document(GATEWAY_API, "HTTPRoute", f"r{i}", f"spec: {{parentRefs: [{parents}], rules: [{rules}]}}")


def gateway(i, listeners):
    return document(GATEWAY_API, "Gateway", f"g{i or ''}", f"spec: {{gatewayClassName: w, listeners: [{listeners}]}}")


def pool(i):
    return document(POOL_API, "InferencePool", f"p{i}",
                    "spec: {selector: {matchLabels: {app: x}}, targetPorts: [{number: 8000}]}")


def pod(i):
    return (f"apiVersion: v1\nkind: Pod\nmetadata: {{name: pod-{i}, labels: {{app: x}}}}\n"
            f"status: {{podIP: 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}}}\n---\n")


def repeated(unit, size, head="", tail=""):
    """`head`, then unit(0), unit(1), ... up to about `size` bytes, then `tail`."""
    parts, length, i = [head], len(head) + len(tail), 0
    while length < size:
        parts.append(unit(i))
        length += len(parts[-1])
        i += 1
    return "".join([*parts, tail])


def listener(name, port):
    return f"{{name: {name}, port: {port}, protocol: HTTP}}"


HEAD = gateway(0, listener("a", 80))
EVERY_LISTENER = gateway(0, ",".join(listener(f"l{i}", 1000 + i) for i in range(64)))
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
BACKEND = "{name: p0, kind: InferencePool, group: inference.networking.k8s.io}"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefghi", "bcdefghij"))

SHAPES = {
    "routes, one rule each": lambda size: repeated(
        lambda i: route(i, f"{{matches: [{{path: {{value: /{i}}}}}], backendRefs: [{BACKEND}]}}"), size,
        HEAD + pool(0) + pod(0)),
    "routes, 128 empty matches": lambda size: repeated(
        lambda i: route(i, ",".join(["{matches: [" + ",".join(["{}"] * 8) + "]}"] * 16)), size, HEAD),
    "routes, 16 empty rules": lambda size: repeated(lambda i: route(i, ",".join(["{}"] * 16)), size, HEAD),
    "routes, 32 parents": lambda size: repeated(
        lambda i: route(i, "{}", ",".join(f"{{name: g{k}}}" for k in range(32))), size),
    "routes, 256 backends": lambda size: repeated(
        lambda i: route(i, ",".join(["{backendRefs: [" + ",".join(["{name: s, port: 1}"] * 16) + "]}"] * 16)), size),
    "routes on 64 listeners": lambda size: repeated(lambda i: route(i, "{}"), size, EVERY_LISTENER),
    "routes to missing pools": lambda size: repeated(pool, size // 2) + repeated(
        lambda i: route(i, "{backendRefs: [" + BACKEND.replace("p0", f"missing-{i}") + "]}"), size // 2),
    "gateways, one listener": lambda size: repeated(lambda i: gateway(i, listener("a", i % 60000 + 1)), size),
    "gateways, 64 listeners": lambda size: repeated(
        lambda i: gateway(i, ",".join(listener(f"l{k}", i * 64 % 60000 + k + 1) for k in range(64))), size),
    "pods of one pool": lambda size: repeated(pod, size, HEAD + pool(0)),
    "pods times pools": lambda size: repeated(pod, size // 2) + repeated(pool, size // 2),
    "pools": lambda size: repeated(pool, size),
    "models of missing pools": lambda size: repeated(pool, size // 2) + repeated(
        lambda i: document("inference.networking.x-k8s.io/v1alpha2", "InferenceModel", f"m{i}",
                           f"spec: {{modelName: m{i}, poolRef: {{name: missing-{i}}}}}"), size // 2),
    "objectives": lambda size: repeated(
        lambda i: document("llm-d.ai/v1alpha2", "InferenceObjective", f"o{i}", "spec: {poolRef: {name: p0}}"), size,
        pool(0)),
    "one ConfigMap of short keys": lambda size: repeated(lambda i: f"  key-{i:011d}: a\n", size, CONFIG_MAP),
    "one text": lambda size: CONFIG_MAP + "  k: \"" + "x" * (size - 100) + "\"\n",
    "one literal block": lambda size: repeated(lambda i: "    line\n", size, CONFIG_MAP + "  k: |\n"),
    "a picker configuration": lambda size: repeated(
        lambda i: f"- {{type: queue-scorer, name: q{i}}}\n", size,
        "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\nplugins:\n"),
    "aliases of aliases": lambda size: BOMB + "# " + "x" * (size - 1000) + "\n",
    "brackets": lambda size: "[" * size,
    "empty mappings": lambda size: repeated(lambda i: "{},", size, "[", "]"),
    "documents without a kind": lambda size: repeated(lambda i: "a: b\n---\n", size),
    "unknown fields": lambda size: repeated(
        lambda i: f" f{i:x}: 1\n", size, f"apiVersion: {GATEWAY_API}\nkind: HTTPRoute\nmetadata: {{name: r}}\nspec:\n"),
    "objects defined twice": lambda size: repeated(lambda i: pod(0), size),
}


def check(binary, path):
    """Exit code, seconds of CPU and MiB at most in memory of `weir check -f path`."""
    process = subprocess.Popen([binary, "check", "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(binary, size):
    """(name of the shape, exit code, seconds, MiB) of each."""
    with tempfile.TemporaryDirectory(prefix="weir-extremes-") as folder:
        path = Path(folder) / "manifests.yaml"
        for name, make in SHAPES.items():
            path.write_text(make(size))
            yield name, *check(binary, path)


if __name__ == "__main__":
    mebibytes = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    for shape, code, seconds, memory in measure(sys.argv[1], int(mebibytes * (1 << 20))):
        print(f"{shape:<30} exit {code}  {seconds:5.2f} s  {memory:5.0f} MiB")
