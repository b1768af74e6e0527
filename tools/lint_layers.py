"""Includes go down only, and each third-party library stays behind its wall."""

import re
from pathlib import Path

import source_tree

FLOORS = {
    "contracts": 0, "base": 1, "http": 2, "payload": 2, "config": 2, "gateway": 3, "datalayer": 3,
    "scheduling": 4, "flowcontrol": 4, "proxy": 5, "admin": 6, "sim": 6, "app": 7,
}

# What may be included where: a pattern of the include, and a pattern of the files that may have it.
WALLS = [
    (r"boost/beast", r"src/http/", "Beast only in src/http"),
    (r"simdjson", r"src/(payload|config)/", "simdjson only in src/payload and src/config"),
    (r"CLI/", r"src/app/cli[^/]*$", "CLI11 only in src/app/cli*"),
    (r"spdlog/", r"src/base/log\.", "spdlog only in src/base/log"),
    (r"prometheus/", r"src/base/metrics\.", "prometheus-cpp only in src/base/metrics"),
    (r"yaml\.h", r"src/config/", "libyaml only in src/config"),
    (r"boost/asio", r"src/(base|http|datalayer|proxy|admin|sim|app)/|src/flowcontrol/admission",
     "Asio only in the floors that do I/O"),
]

# Beyond the floors: what a folder may not reach, not even through its own includes.
BLIND = {"scheduling": ("http",), "flowcontrol": ("http",)}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
CLOCK = re.compile(r"\b(?:steady_clock|system_clock|high_resolution_clock)::now\s*\(|\bclock_gettime\b")
AWAIT = re.compile(r"\bco_(?:await|yield|return)\b")


def module_of(path):
    parts = Path(path).parts
    if parts[0] == "include":
        return "contracts"
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def included_file(root, name):
    """The project's file an include names, or nothing."""
    for base in ("src", "include"):
        if (root / base / name).is_file():
            return Path(base) / name
    return None


def check(root):
    findings = []
    includes = {}
    for path in source_tree.files(root, ["src", "include"], {".cpp", ".hpp"}):
        text = source_tree.without_comments(source_tree.read(root, path))
        includes[path] = [(m.group(1), m.group(2), source_tree.line_of(text, m.start()))
                          for m in INCLUDE.finditer(text)]
        findings += _direct(root, path, includes[path])
        if module_of(path) == "scheduling":
            findings += _pure(path, source_tree.without_literals(text))
    for path in includes:
        if module_of(path) == "scheduling":
            findings += _reaches_asio(root, path, includes)
    return findings


def _direct(root, path, included):
    mine = module_of(path)
    if mine not in FLOORS:
        return [f"{path}:1: no floor of that name in the house ({', '.join(FLOORS)})"]
    out = []
    for bracket, name, line in included:
        where = f"{path}:{line}"
        for pattern, allowed, rule in WALLS:
            if re.match(pattern, name) and not re.match(allowed, str(path)):
                out.append(f"{where}: <{name}>: {rule}")
        if bracket == "<":
            if mine == "contracts" and not re.fullmatch(r"[a-z_]+", name):
                out.append(f"{where}: <{name}>: include/weir uses the standard library only")
            continue
        target = included_file(root, name)
        if target is None:
            out.append(f'{where}: "{name}": write the path from src/ or include/')
            continue
        theirs = module_of(target)
        if theirs != mine and FLOORS.get(theirs, 99) >= FLOORS[mine]:
            out.append(f'{where}: "{name}": {mine} may not include {theirs}')
        if theirs in BLIND.get(mine, ()):
            out.append(f'{where}: "{name}": {mine} does not know {theirs}')
    return out


def _pure(path, text):
    rules = ((CLOCK, "scheduling takes the time as a value"), (AWAIT, "scheduling awaits nothing"))
    return [f"{path}:{source_tree.line_of(text, m.start())}: {m.group(0).strip()}: {rule}"
            for pattern, rule in rules for m in pattern.finditer(text)]


def _reaches_asio(root, start, includes):
    seen, todo = {start}, [(start, ())]
    while todo:
        path, trail = todo.pop()
        for _, name, _ in includes.get(path, ()):
            if trail and re.match(r"boost/(asio|beast)", name):
                return [f"{start}:1: reaches <{name}> through {' -> '.join(map(str, trail))}"]
            target = included_file(root, name)
            if target and target not in seen:
                seen.add(target)
                todo.append((target, (*trail, target)))
    return []
