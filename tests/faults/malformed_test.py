"""Requests that two parsers could understand differently, or that no client needs: each is refused, its connection is
closed, and not one byte of it reaches an endpoint."""

import time

import pytest

from harness import WeirProcess
from wire import Tap, each

BODY = b'{"model":"m","prompt":"x"}'


def post(fields, body=b"", *, line=b"POST /v1/completions HTTP/1.1", host=b"Host: a\r\n"):
    return line + b"\r\n" + host + fields + b"\r\n" + body


def chunked(body, fields=b""):
    return post(b"Transfer-Encoding: chunked\r\n" + fields, body)


def get(line, fields=b"Host: a\r\n"):
    return line + b"\r\n" + fields + b"\r\n"


SIZED = b"Content-Length: %d\r\n" % len(BODY)
LAST = b"0\r\n\r\n"
WHOLE = b"%x\r\n%s\r\n" % (len(BODY), BODY)

# The 42 of the comparison with other proxies.
MATRIX = {
    "length and coding": (post(SIZED + b"Transfer-Encoding: chunked\r\n", WHOLE + LAST), {400}),
    "length twice, equal": (post(SIZED * 2, BODY), {400}),
    "length twice, different": (post(SIZED + b"Content-Length: 3\r\n", BODY), {400}),
    "length as a list": (post(b"Content-Length: 26, 26\r\n", BODY), {400}),
    "length +": (post(b"Content-Length: +26\r\n", BODY), {400}),
    "length -": (post(b"Content-Length: -1\r\n", BODY), {400}),
    "length hexadecimal": (post(b"Content-Length: 0x1a\r\n", BODY), {400}),
    "length with a space": (post(b"Content-Length: 2 6\r\n", BODY), {400}),
    "length empty": (post(b"Content-Length:\r\n", BODY), {400}),
    "length 2^64": (post(b"Content-Length: 18446744073709551616\r\n", BODY), {400, 413}),
    "space before the colon": (post(b"Content-Length : 26\r\n", BODY), {400}),
    "coding xchunked": (post(b"Transfer-Encoding: xchunked\r\n", WHOLE + LAST), {400, 501}),
    "coding identity, chunked": (post(b"Transfer-Encoding: identity, chunked\r\n", WHOLE + LAST), {400, 501}),
    "coding twice": (chunked(WHOLE + LAST, b"Transfer-Encoding: chunked\r\n"), {400}),
    "coding ,chunked": (post(b"Transfer-Encoding: ,chunked\r\n", WHOLE + LAST), {400}),
    "coding in 1.0": (post(b"Transfer-Encoding: chunked\r\n", WHOLE + LAST, line=b"POST / HTTP/1.0"), {400}),
    "chunk 0x3": (chunked(b"0x1a\r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunk +3": (chunked(b"+1a\r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunk overflow": (chunked(b"10000000000000003\r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunk empty": (chunked(b"\r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunk LF in the extension": (chunked(b"1a;a\nb\r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunk LF alone": (chunked(b"1a\n" + BODY + b"\n0\n\n"), {400}),
    "chunk wrong terminator": (chunked(b"1a\r\n" + BODY + b"XX" + LAST), {400}),
    "chunk CR in the extension": (chunked(b"1a;a\rb\r\n" + BODY + b"\r\n" + LAST), {400}),
    "LF alone in the head": (b"GET /v1/models HTTP/1.1\nHost: a\n\n", {400}),
    "CR alone in the head": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nX: a\rb\r\n"), {400}),
    "NUL in a name": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nX\0Y: a\r\n"), {400}),
    "NUL in a value": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nX: a\0b\r\n"), {400}),
    "folded line": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nX: a\r\n b\r\n"), {400}),
    "no colon": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nAbc\r\n"), {400}),
    "empty name": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\n: a\r\n"), {400}),
    "no Host": (get(b"GET /v1/models HTTP/1.1", b""), {400}),
    "two Hosts": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nHost: a\r\n"), {400}),
    "Host with a space": (get(b"GET /v1/models HTTP/1.1", b"Host: a b\r\n"), {400}),
    "bad method": (get(b"G@T /v1/models HTTP/1.1"), {400, 501}),
    "HTTP/2.0": (get(b"GET /v1/models HTTP/2.0"), {400, 505}),
    "HTTP/0.9": (b"GET /v1/models\r\n\r\n", {400}),
    "two spaces": (get(b"GET  /v1/models HTTP/1.1"), {400}),
    "8-bit in the target": (get(b"GET /v1/mod\xe9ls HTTP/1.1"), {400}),
    "fragment in the target": (get(b"GET /v1/models#a HTTP/1.1"), {400}),
    "head of 100 kB": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nX: " + b"a" * 100_000 + b"\r\n"), {431}),
    "1000 fields": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\n" + b"X: a\r\n" * 1000), {431}),
}

SYNTAX = {
    "length 2^63": (post(b"Content-Length: 9223372036854775808\r\n", BODY), {400, 413}),
    "length of 40 digits": (post(b"Content-Length: " + b"0" * 38 + b"26\r\n", BODY), {400, 413}),
    "length nominated twice by case": (post(SIZED + b"CONTENT-LENGTH: 26\r\n", BODY), {400}),
    "length behind a space in the first field": (post(b" Content-Length: 26\r\n", BODY, host=b""), {400}),
    "coding : with a space": (post(b"Transfer-Encoding : chunked\r\n", WHOLE + LAST), {400}),
    "coding chunked, identity": (post(b"Transfer-Encoding: chunked, identity\r\n", WHOLE + LAST), {400, 501}),
    "coding chunked, chunked": (post(b"Transfer-Encoding: chunked, chunked\r\n", WHOLE + LAST), {400, 501}),
    "coding chunked,": (post(b"Transfer-Encoding: chunked,\r\n", WHOLE + LAST), {400}),
    "coding quoted": (post(b'Transfer-Encoding: "chunked"\r\n', WHOLE + LAST), {400}),
    "coding with a parameter": (post(b"Transfer-Encoding: chunked;a=b\r\n", WHOLE + LAST), {400, 501}),
    "coding empty": (post(b"Transfer-Encoding:\r\n", WHOLE + LAST), {400}),
    "coding gzip": (post(b"Transfer-Encoding: gzip\r\n", BODY), {501}),
    "coding folded": (post(b"Transfer-Encoding:\r\n chunked\r\n", WHOLE + LAST), {400}),
    "chunk -3": (chunked(b"-1a\r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunk 3_0": (chunked(b"1_a\r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunk with a space before": (chunked(b" 1a\r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunk with a space behind": (chunked(b"1a \r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunk of 17 digits": (chunked(b"0000000000000001a\r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunk without CRLF behind": (chunked(b"1a\r\n" + BODY + LAST), {400}),
    "chunk with 64 kB of extension": (chunked(b"1a;" + b"a" * 65536 + b"\r\n" + BODY + b"\r\n" + LAST), {400}),
    "chunks of one byte with much extension": (chunked((b"1;" + b"a" * 4000 + b"\r\n{\r\n") * 50 + LAST), {400}),
    "trailers without end": (chunked(WHOLE + b"0\r\n" + b"X: a\r\n" * 5000 + b"\r\n"), {400}),
    "trailer without a colon": (chunked(WHOLE + b"0\r\nabc\r\n\r\n"), {400}),
    "trailer folded": (chunked(WHOLE + b"0\r\nA: b\r\n c\r\n\r\n"), {400}),
    "last chunk LF": (chunked(WHOLE + b"0\n\n"), {400}),
    "Host with a path": (get(b"GET /v1/models HTTP/1.1", b"Host: a/b\r\n"), {400}),
    "Host with a user": (get(b"GET /v1/models HTTP/1.1", b"Host: u@a\r\n"), {400}),
    "Host with a bad port": (get(b"GET /v1/models HTTP/1.1", b"Host: a:b\r\n"), {400}),
    "Host as a list": (get(b"GET /v1/models HTTP/1.1", b"Host: a, b\r\n"), {400}),
    "Host with NUL": (get(b"GET /v1/models HTTP/1.1", b"Host: a\0\r\n"), {400}),
    "authority-form": (get(b"GET a:80 HTTP/1.1"), {400}),
    "asterisk with POST": (get(b"POST * HTTP/1.1"), {400}),
    "relative target": (get(b"GET v1/models HTTP/1.1"), {400}),
    "CONNECT": (get(b"CONNECT a:80 HTTP/1.1"), {400, 405}),
    "TRACE": (get(b"TRACE /v1/models HTTP/1.1"), {405}),
    "lower-case method": (get(b"get /v1/models HTTP/1.1"), {400, 501}),
    "method of 100 bytes": (get(b"A" * 100 + b" /v1/models HTTP/1.1"), {400, 501}),
    "HTTP/1.7": (get(b"GET /v1/models HTTP/1.7"), {400, 505}),
    "HTTP/1.9": (get(b"GET /v1/models HTTP/1.9"), {400, 505}),
    "HTTP/3": (get(b"GET /v1/models HTTP/3"), {400, 505}),
    "http/1.1": (get(b"GET /v1/models http/1.1"), {400}),
    "space behind the version": (get(b"GET /v1/models HTTP/1.1 "), {400}),
    "tab in the request line": (get(b"GET\t/v1/models HTTP/1.1"), {400}),
    "space before the method": (get(b" GET /v1/models HTTP/1.1"), {400}),
    "1000 empty lines before": (b"\r\n" * 1000 + get(b"GET /v1/models HTTP/1.1"), {400}),
    "two empty lines before": (b"\r\n\r\n" + get(b"GET /v1/models HTTP/1.1"), {400}),
    "control byte in the target": (get(b"GET /v1/mod\x01els HTTP/1.1"), {400}),
    "DEL in the target": (get(b"GET /v1/mod\x7fels HTTP/1.1"), {400}),
    "backslash in the target": (get(b"GET /v1\\models HTTP/1.1"), {400}),
    "%00 in the target": (get(b"GET /v1/models%00 HTTP/1.1"), {400}),
    "control byte in a value": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nX: a\x08b\r\n"), {400}),
    "DEL in a value": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nX: a\x7fb\r\n"), {400}),
    "8-bit in a name": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nX\xe9: a\r\n"), {400}),
    "space in a name": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nX Y: a\r\n"), {400}),
    "space before the first field": (get(b"GET /v1/models HTTP/1.1", b" Host: a\r\n"), {400}),
    "tab before the colon": (get(b"GET /v1/models HTTP/1.1", b"Host\t: a\r\n"), {400}),
    "101 fields": (get(b"GET /v1/models HTTP/1.1", b"Host: a\r\n" + b"X: a\r\n" * 100), {431}),
    "target of 33 kB": (get(b"GET /" + b"a" * 33 * 1024 + b" HTTP/1.1"), {414}),
    "target of 300 kB": (get(b"GET /" + b"a" * 300 * 1024 + b" HTTP/1.1"), {414}),
    "unknown expectation": (post(SIZED + b"Expect: 200-ok\r\n", BODY), {417}),
    "an unknown expectation beside a known one": (post(SIZED + b"Expect: x\r\nExpect: 100-continue\r\n", BODY), {417}),
    "a known expectation beside an unknown one": (post(SIZED + b"Expect: 100-continue\r\nExpect: x\r\n", BODY), {417}),
    "two expectations": (post(SIZED + b"Expect: 100-continue, x\r\n", BODY), {417}),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "TLS hello": (b"\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03", {400}),
    "SSH banner": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", {400}),
}


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """One gateway in front of one tap, for the whole table."""
    with Tap() as tap:
        gateway = WeirProcess("--endpoint", tap.url, "--threads", "1", log=tmp_path_factory.mktemp("line") / "weir.log")
        gateway.wait_ready()
        yield gateway, tap
        assert gateway.stop() == 0


def refused(gateway, pieces):
    """Sends the pieces; the status and what comes behind the first answer, read to its end."""
    with gateway.connect(timeout=10) as connection:
        try:
            for piece in pieces:
                connection.send(piece)
        except OSError:
            pass   # refused while it was still talking
        answer = connection.read_answer()
        rest = connection.read_to_end()
    return answer, rest


def test_the_end_of_the_connection_comes_right_behind_the_refusal(line):
    """Nothing is waited for: what follows such a head is no body."""
    gateway, _ = line
    begin = time.monotonic()
    for _ in range(5):
        answer, rest = refused(gateway, [get(b"GET /v1/models HTTP/1.1", b"Host: a b\r\n")])
        assert (answer.status, rest) == (400, b"")
    assert time.monotonic() - begin < 3   # one second each would be the drain of a body


def check(answer, rest, statuses):
    assert answer.status in statuses, f"{answer.status} {answer.text}"
    assert rest == b"", "what follows a refused request is never parsed"
    assert answer.header("connection") == "close"
    assert answer.header("x-weir-reason") in {"bad-request", "body-too-large", "head-too-large", "target-too-long"}
    assert answer.header("x-request-id")
    assert answer.header("content-length") == str(len(answer.body))


def test_there_are_42_in_the_matrix():
    assert len(MATRIX) == 42


def test_a_malformed_request_is_refused_before_any_byte_goes_upstream(line):
    gateway, tap = line
    follower = get(b"GET /follower HTTP/1.1")
    before = tap.bytes
    each(MATRIX | SYNTAX, lambda name, case: check(*refused(gateway, [case[0] + follower]), case[1]))
    assert tap.bytes == before


def test_the_cut_of_the_segments_does_not_matter(line):
    """Byte by byte, a refusal is the same refusal."""
    gateway, tap = line
    before = tap.bytes
    short = {name: case for name, case in (MATRIX | SYNTAX).items() if len(case[0]) <= 400}
    each(short, lambda name, case: check(*refused(gateway, [case[0][i:i + 1] for i in range(len(case[0]))]), case[1]))
    assert tap.bytes == before


def smuggler_variants():
    """Every odd byte in each place around a Transfer-Encoding field where some parser once looked past it."""
    odd = [*range(0x01, 0x20), *range(0x7F, 0x100)]
    for code in odd:
        byte = bytes([code])
        yield b"Transfer-Encoding:" + byte + b"chunked\r\n"
        yield b"Transfer-Encoding: chunked" + byte + b"\r\n"
        yield b"Transfer-Encoding" + byte + b": chunked\r\n"
        yield byte + b"Transfer-Encoding: chunked\r\n"
        yield b"X: a" + byte + b"Transfer-Encoding: chunked\r\n"


def test_no_variant_of_a_transfer_encoding_field_is_read_as_one_or_passed_on(line):
    """With Content-Length beside it: each variant is refused, or it is another field and the length counts."""
    gateway, tap = line
    inner = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nX: "
    served = 0
    for field in smuggler_variants():
        text = post(b"Content-Length: %d\r\n" % len(inner) + field, inner)
        with gateway.connect() as connection:
            connection.send(text)
            answer = connection.read_answer()
        assert answer.status >= 400 or b"X: a" in field, field
        served += answer.status < 400
    assert b"/smuggled" not in tap.bytes.split(b"\r\n\r\n", 1)[0]
    assert b"GET /smuggled" not in tap.bytes or served == 0


def test_what_is_odd_but_well_formed_is_served(line):
    gateway, _ = line
    for text in (post(b"content-LENGTH: 026\r\n", BODY),
                 post(b"Transfer-Encoding: \t CHUNKED \t\r\n", WHOLE + LAST),
                 chunked(b"001A;name=value;x=\"y\"\r\n" + BODY + b"\r\n000\r\nTrailer: x\r\n\r\n"),
                 chunked(b"1\r\n{\r\n%x\r\n%s\r\n" % (len(BODY) - 1, BODY[1:]) + LAST),
                 b"\r\n" + get(b"GET /v1/models HTTP/1.1"),
                 get(b"GET /v1/models HTTP/1.0"),
                 get(b"GET /v1/models HTTP/1.0", b""),
                 get(b"GET http://b:8080/v1/models HTTP/1.1"),
                 get(b"GET HTTP://b/v1/models HTTP/1.1"),
                 get(b"GET /v1/models HTTP/1.1", b"Host: [::1]:80\r\n"),
                 get(b"GET /v1/models HTTP/1.1", b"Host: a\r\nX: \xc3\xa9\r\n"),
                 get(b"GET /v1/models?a=%2F;b HTTP/1.1"),
                 get(b"GET /v1/models HTTP/1.1", b"Host: a\r\n" + b"X: a\r\n" * 99)):
        with gateway.connect() as connection:
            connection.send(text)
            answer = connection.read_answer()
            assert answer.status == 200, (text, answer.text)


def test_an_absolute_target_reaches_the_endpoint_as_a_path_and_its_host(line):
    gateway, tap = line
    for target, path, host in (("http://b:8080/v1/x?a=/", "/v1/x?a=/", "b:8080"), ("http://b?a=1", "/?a=1", "b"),
                               ("http://b", "/", "b"), ("HTTPS://b/", "/", "b")):
        before = len(tap.bytes)
        assert gateway.request("GET", target).status == 200
        assert tap.bytes[before:].startswith(f"GET {path} HTTP/1.1\r\nhost: {host}\r\n".encode()), target


def test_a_method_that_is_never_forwarded_is_told_what_is(line):
    gateway, _ = line
    for method, target in (("TRACE", "/v1/models"), ("CONNECT", "a:80")):
        answer = gateway.request(method, target)
        assert (answer.status, "POST" in answer.header("allow")) == (405, True)


def test_a_path_above_its_root_is_refused(line):
    gateway, tap = line
    before = tap.bytes
    for path in ("/../v1/models", "/v1/%2e%2e/../models", "/v1/.%2e/%2E./x"):
        assert gateway.get(path).status == 400, path
    assert tap.bytes == before


def test_trailers_and_chunk_extensions_stop_here(line):
    gateway, tap = line
    before = len(tap.bytes)
    with gateway.connect() as connection:
        connection.send(chunked(b"1a;secret=1\r\n" + BODY + b"\r\n0\r\nHost: evil\r\nContent-Length: 9\r\n\r\n"))
        assert connection.read_answer().status == 200
    seen = tap.bytes[before:].lower()
    assert b"secret" not in seen
    assert b"evil" not in seen
    assert b"transfer-encoding" not in seen
    assert b"content-length: 26\r\n" in seen
