"""Words that may not land: loose ends, unowned work, sleeping for luck."""

import re

import source_tree

CODE = [
    (r"\bdetached\b", "spawn into a task_group, so that somebody owns the work", r"src/base/task_group\."),
    (r"\b(?:enable_)?shared_from_this\b", "an owner, not the object itself, keeps it alive", None),
    (r"\bsleep_for\b|\bsleep_until\b|\busleep\s*\(|\bnanosleep\s*\(", "wait for a condition, never for luck", None),
    (r"\bassert\s*\(\s*false\s*\)", "say what is wrong, or make the state impossible", None),
]
HEADER = [(r"\busing\s+namespace\b", "a header imposes no names on who includes it", None)]
# Spelled apart, so that this file does not find itself.
ANYWHERE = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|\bnot (?:yet )?implement" r"ed\b", re.I)


def check(root):
    out = []
    for path in source_tree.files(root, ["src", "include", "tests", "bench"], {".cpp", ".hpp"}):
        text = source_tree.read(root, path)
        code = source_tree.without_literals(text)
        rules = CODE + (HEADER if path.suffix == ".hpp" else [])
        for pattern, why, allowed in rules:
            if allowed and re.match(allowed, str(path)):
                continue
            out += [f"{path}:{source_tree.line_of(code, m.start())}: {m.group(0)}: {why}"
                    for m in re.finditer(pattern, code)]
    for path in source_tree.files(root, ["."], {".cpp", ".hpp", ".py", ".sh", ".md", ".build", ".js", ".css"}):
        text = source_tree.read(root, path)
        out += [f"{path}:{source_tree.line_of(text, m.start())}: {m.group(0)}: finish it, or file an issue"
                for m in ANYWHERE.finditer(text) if _is_a_loose_end(path, m.group(0))]
    return out


def _is_a_loose_end(path, word):
    """In C++ any case of the phrase counts; the marks themselves are capitals everywhere."""
    return word.isupper() or (word.lower().startswith("not") and path.suffix in {".cpp", ".hpp"})
