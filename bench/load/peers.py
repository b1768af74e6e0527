"""The proxies that can be measured: whether each is there, and how to start it in front of given endpoints."""

import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass
class Setting:
    """What a peer needs to know to start."""

    build: Path          # the Meson build folder with weir, floor, fake and load
    folder: Path         # an empty folder for its files
    listen: str          # ADDR:PORT
    endpoints: list      # ADDR:PORT of the fake model servers


def _tool(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


def _configure(setting, template, server_line):
    text = (HERE / "peers" / template).read_text()
    servers = "\n".join(server_line.format(i=i, address=a) for i, a in enumerate(setting.endpoints))
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    values = {"listen": setting.listen, "servers": servers, "files": files, "connections": (files - 200) // 2}
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    path = setting.folder / template
    path.write_text(text)
    return path


def floor(setting):
    program = setting.build / "bench" / "load" / "floor"
    if not program.exists():
        return None
    return [str(program), "--listen", setting.listen, *(x for a in setting.endpoints for x in ("--to", a))]


def haproxy(setting):
    program = _tool("haproxy")
    if not program:
        return None
    path = _configure(setting, "haproxy.cfg", "    server endpoint{i} {address} maxconn 0")
    return [program, "-db", "-q", "-f", str(path)]


def nginx(setting):
    program = _tool("nginx")
    if not program:
        return None
    path = _configure(setting, "nginx.conf", "        server {address};")
    return [program, "-p", str(setting.folder), "-c", str(path), "-e", str(setting.folder / "error.log")]


def weir(setting):
    program = setting.build / "weir"
    if not program.exists():
        return None
    return [str(program), "serve", "--listen", setting.listen, "--admin", "off", "--threads", "1",
            *(x for a in setting.endpoints for x in ("--endpoint", f"http://{a}"))]


# In the order of the table. `direct` is the load against the endpoints with nothing between.
PEERS = {"direct": None, "floor": floor, "haproxy": haproxy, "nginx": nginx, "weir": weir}


def version(name, setting):
    """One line that says which build of a peer was measured, or nothing."""
    commands = {"haproxy": [_tool("haproxy"), "-v"], "nginx": [_tool("nginx"), "-v"],
                "weir": [str(setting.build / "weir"), "version"]}
    command = commands.get(name)
    if not command or not command[0] or not Path(command[0]).exists():
        return None
    result = subprocess.run(command, capture_output=True, text=True, timeout=10)
    return ((result.stdout or result.stderr).splitlines() or [""])[0].strip()
