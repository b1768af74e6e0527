"""Four rules against the coroutine bugs of GCC 12 (GCC bug 107288 and its relatives).

A temporary built from an aggregate list, a closure or a conditional inside a full-expression that also
awaits is copied bitwise into the frame and destroyed twice. So, in a statement with `co_await`: (1) no
capturing lambda, (2) no braces that build an object, (3) no `?:`; and (4) no coroutine has a parameter whose
default is built with braces.
"""

import re

import source_tree

AWAIT = re.compile(r"\bco_await\b")
CAPTURES = re.compile(r"(?<![\w\])])\[([^\[\]]+)\]\s*(?:\(|mutable|\{|->)")
COPIES = re.compile(r"(?:^|,)\s*(?!&)(?!this\b)[\w*]|=")
BRACES = re.compile(r"[\w>(,=]\s*\{\s*[^\s}]")
DEFAULTED = re.compile(r"\b(?:task|awaitable)\s*<[^;{}]*?>\s+[\w:~]+\s*\(([^;{}]*?=\s*(?:[\w:<>]+\s*)?\{)")

BLOCK_END = (")", "else", "do", "try", "noexcept", "const", "override", "mutable", "final")
RETURN_TYPE = re.compile(r"->\s*[\w:<>, ]+$")
SCOPE = re.compile(r"\b(?:namespace|struct|class|enum|union)\b[^;{}()]*$")
LAMBDA = re.compile(r"\[[^\[\]]*\]\s*(?:\([^()]*\))?\s*(?:mutable|noexcept|->\s*[\w:<>, ]+|\s)*$")
ASSIGNED_LAMBDA = re.compile(r"=\s*" + LAMBDA.pattern)


def statements(text):
    """Yields (line, full-expression). A lambda's body is yielded by itself and blank in its parent."""
    current, stack, depth, line = [], [], 0, 1
    first = 1

    def taken():
        joined = "".join(current).strip()
        current.clear()
        return joined

    for c in text:
        if c == "\n":
            line += 1
        if not current and not c.isspace():
            first = line
        if c in "([":
            depth += 1
            current.append(c)
        elif c in ")]":
            depth -= 1
            current.append(c)
        elif c == "{":
            before = "".join(current).rstrip()
            is_lambda = bool((depth > 0 and LAMBDA.search(before)) or (depth == 0 and ASSIGNED_LAMBDA.search(before)))
            is_block = depth == 0 and (not before or before.endswith(BLOCK_END) or
                                       bool(RETURN_TYPE.search(before)) or bool(SCOPE.search(before)))
            if not is_lambda and not is_block:
                stack.append(("braces", [], depth, first))
                current.append(c)
                depth += 1
                continue
            stack.append(("lambda" if is_lambda else "block", list(current), depth, first))
            if is_block and not is_lambda and (head := taken()):
                yield first, head
            current.clear()
            depth = 0
        elif c == "}":
            kind, saved, outer, began = stack.pop() if stack else ("block", [], 0, first)
            if kind == "braces":
                current.append(c)
                depth -= 1
                continue
            if rest := taken():
                yield first, rest
            depth = outer
            if kind == "lambda":
                current.extend([*saved, "{}"])
                first = began
        elif c == ";" and depth == 0:
            if whole := taken():
                yield first, whole
        else:
            current.append(c)
    if rest := taken():
        yield first, rest


def faults(statement):
    """The rules (1) to (3) that a statement breaks."""
    if not AWAIT.search(statement):
        return
    body = re.sub(r"^\s*(?:if|while|switch|for)\s*\(", "(", statement)
    if any(COPIES.search(m.group(1)) for m in CAPTURES.finditer(body)):
        yield "a capturing lambda in one statement with co_await"
    if "?" in body:
        yield "?: in one statement with co_await"
    if BRACES.search(body):
        yield "a braced initialiser in one statement with co_await"


def check_text(text):
    """(line, rule) of every fault in a C++ text."""
    text = source_tree.without_literals(text)
    out = [(line, rule) for line, statement in statements(text) for rule in faults(statement)]
    out += [(source_tree.line_of(text, m.start()), "a coroutine parameter with a braced default")
            for m in DEFAULTED.finditer(text)]
    return sorted(out)


def check(root):
    return [f"{path}:{line}: {rule}"
            for path in source_tree.files(root, ["src", "include", "tests", "bench"], {".cpp", ".hpp"})
            for line, rule in check_text(source_tree.read(root, path))]
