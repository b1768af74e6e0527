"""Small rooms: no file over 600 lines, no function over 100, no nesting deeper than 4.

Medians and ratios are printed for the reader and never fail.
"""

import re
from statistics import median

import source_tree

MAX_FILE, MAX_FUNCTION, MAX_NESTING = 600, 100, 4

CONTROL = re.compile(r"\b(?:if|for|while|switch|catch)\b[^;{}]*\)$|\b(?:else|do|try)$|\bif\s+(?:constexpr|consteval)\b[^;{}]*\)$")
SCOPE = re.compile(r"\b(?:namespace|struct|class|enum|union|extern)\b[^;(){}]*$|^TEST_SUITE\b|\bnamespace\b[^;{}]*$")
LAMBDA = re.compile(r"(?<![\w\]])\[[^\[\];]*\]\s*(?:<[^{}]*>)?\s*(?:\([^{}]*\))?\s*(?:mutable|noexcept|constexpr|->\s*[\w:<>,&* ]+|\s)*$")
FUNCTION = re.compile(r"\)\s*(?:const|noexcept|override|final|mutable|&|&&|try|->\s*[\w:<>,&*\[\] ]+|:\s.*[)}]|\s)*$", re.S)


class Function:
    def __init__(self, name, line):
        self.name, self.line, self.end, self.nesting = name, line, line, 0

    @property
    def lines(self):
        return self.end - self.line + 1


def functions(text):
    """The functions of a C++ text, by their braces; lambdas nest afresh and count into their parent's lines."""
    text = source_tree.without_literals(text)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
    found, stack, parentheses = [], [], []
    start, line, first = 0, 1, 1
    for i, c in enumerate(text):
        if c == "\n":
            line += 1
        elif c in "([":
            parentheses.append(c)
        elif c in ")]":
            if parentheses:
                parentheses.pop()
        elif c == "{":
            head = text[start:i].strip()
            kind = _kind(head, bool(parentheses), stack)
            entry = None
            if kind == "function":
                entry = Function(_name(head), first)
                found.append(entry)
            stack.append((kind, entry, (parentheses, start, first)))
            parentheses = []
            _note_depth(stack)
            start, first = i + 1, 0
            continue
        elif c == "}":
            if stack:
                kind, entry, (parentheses, start, first) = stack.pop()
                if entry:
                    entry.end = line
                if kind not in ("lambda", "braces"):  # those go on: their statement or initialiser list does
                    start, first = i + 1, 0
            continue
        elif c == ";" and not parentheses:
            start, first = i + 1, 0
            continue
        if not first and not c.isspace():
            first = line
    return found


def _kind(head, in_parentheses, stack):
    if LAMBDA.search(head):
        return "lambda"
    if in_parentheses:
        return "braces"
    if SCOPE.search(head):
        return "scope"
    inside = any(kind in ("function", "lambda") for kind, _, _ in stack)
    if not inside:
        return "function" if FUNCTION.search(head) and "(" in head else "braces"
    if CONTROL.search(head):
        return "control"
    return "block" if not head or head.endswith(":") else "braces"


def _name(head):
    match = re.search(r"((?:\w+::)*operator\s*[^(]+|[\w:~]+)\s*\(", head)
    return match.group(1) if match else "?"


def _note_depth(stack):
    depth = 0
    for kind, entry, _ in reversed(stack):
        if kind in ("control", "block"):
            depth += 1
        if kind == "lambda" or entry:
            break
    owner = next((entry for _, entry, _ in reversed(stack) if entry), None)
    if owner:
        owner.nesting = max(owner.nesting, depth)


def check(root, report=print):
    findings, lengths, file_lengths, test_lines = [], [], [], 0
    for path in source_tree.files(root, ["src", "include", "tests", "bench"], {".cpp", ".hpp"}):
        text = source_tree.read(root, path)
        count = text.count("\n")
        if count > MAX_FILE:
            findings.append(f"{path}:1: {count} lines; at most {MAX_FILE}")
        for function in functions(text):
            where = f"{path}:{function.line}: {function.name}"
            if function.lines > MAX_FUNCTION:
                findings.append(f"{where}: {function.lines} lines; at most {MAX_FUNCTION}")
            if function.nesting > MAX_NESTING:
                findings.append(f"{where}: nested {function.nesting} deep; at most {MAX_NESTING}")
            if path.parts[0] in ("src", "include"):
                lengths.append(function.lines)
        if path.parts[0] in ("src", "include"):
            file_lengths.append(count)
        elif path.parts[0] == "tests":
            test_lines += count
    if lengths and file_lengths:
        report(_figures(lengths, file_lengths, test_lines))
    return findings


def _figures(lengths, file_lengths, test_lines):
    def p90(values):
        return sorted(values)[int(0.9 * (len(values) - 1))]

    long_ones = 100 * sum(n > 60 for n in lengths) / len(lengths)
    return (f"files: {len(file_lengths)}, median {median(file_lengths):.0f}, p90 {p90(file_lengths)}, "
            f"max {max(file_lengths)} lines; functions: {len(lengths)}, median {median(lengths):.0f}, "
            f"p90 {p90(lengths)}, max {max(lengths)}, {long_ones:.1f} % over 60; "
            f"test lines per source line: {test_lines / sum(file_lengths):.2f}")
