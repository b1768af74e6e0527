"""What counts as a body weir can read: one table of bodies, each with what the client is told or that it is forwarded as it
came. Malformed is what is no object, not UTF-8, unbalanced, followed by bytes, deeper than 128, has `model` twice, or is
wrong where weir reads it; the rest is the model server's to judge."""

from harness import reply

COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"
PASSES = None
MODEL = "model not found in request body"
PROMPT = "prompt not found in request"


def malformed(what, at):
    return f"Error unmarshaling request body: {what}, at byte {at}"


def ends(at):
    return malformed("unexpected end of JSON input", at)


NO_OBJECT = malformed("not a JSON object", 0)
NO_KEY = "expected a string as object key"
GOOD = b'{"model":"m","prompt":"x"'   # to be closed, or gone on with
END = len(GOOD)                        # 25

SYNTAX = [
    (b"", PASSES), (b" ", ends(1)), (b"\n\n", ends(2)), (b"{", ends(1)), (GOOD, ends(END)),
    *((body, NO_OBJECT) for body in (b"null", b"true", b"7", b'"x"', b"[]", b"[{}]", b"hello", b"no healthy upstream", b"}",
                                     b"\x0b" + GOOD + b"}", b"\xef\xbb\xbf" + GOOD + b"}", b"\0" + GOOD + b"}",
                                     b"[" * 100_000, (GOOD + b"}").decode().encode("utf-16"))),
    (b"\t\r\n " + GOOD + b"}\n", PASSES), (GOOD + b"} \n \t", PASSES),
    *((GOOD + b"}" + more, malformed("bytes behind the JSON object", at)) for more, at in (
        (b"\0", 26), (b"}", 26), (b",", 26), (b"{}", 26), (b" x", 27))),
    (GOOD + b"]", malformed("unexpected ']'", 25)), (b'{"model":"m","prompt":["x"}', malformed("unexpected '}'", 26)),
    (GOOD + b",}", malformed(NO_KEY, 26)), (GOOD + b",5:1}", malformed(NO_KEY, 26)),
    (b'{,"model":"m","prompt":"x"}', malformed(NO_KEY, 1)), (b'{"model":"m",,"prompt":"x"}', malformed(NO_KEY, 13)),
    (b'{model:"m","prompt":"x"}', malformed(NO_KEY, 1)), (b"{'model':'m','prompt':'x'}", malformed(NO_KEY, 1)),
    (b'{"model" "m","prompt":"x"}', malformed("expected ':' after object key", 9)),
    (GOOD + b',"a"}', malformed("expected ':' after object key", 29)),
    (b'{"model":"m" "prompt":"x"}', malformed("unexpected value", 13)),
    (b'{"model"::"m","prompt":"x"}', malformed("unexpected ':'", 9)), (GOOD + b',"a":}', malformed("unexpected '}'", 30)),
    (b'{"model":"m\\","prompt":"x"}', ends(27)), (b'{"model":"m,"prompt":"x"}', ends(25)),
    # Skipped values are not judged, those that are read are.
    *((GOOD + b',"a":' + value + b"}", PASSES) for value in (
        b"nope", b"NaN", b"Infinity", b"1e999", b"9" * 400, b"01", b"+1", b"1.", b".5", b'"\\x"', b"tru",
        b"[" * 127 + b"]" * 127)),
    (GOOD + b',"a":"\n"}', malformed("control character in a string", 31)),
    (b'{"model":"m","prompt":"x\n"}', malformed("control character in a string", 24)),
    (b'{"model":"m","prompt":"\\x"}', malformed("invalid escape", 23)),
    (b'{"model":"m","prompt":"\\u12"}', malformed("invalid escape", 23)),
    (b'{"model":"m","prompt":nope}', malformed("invalid literal", 22)),
    (b'{"model":nope,"prompt":"x"}', malformed("invalid literal", 9)),
    (b'{"model":-,"prompt":"x"}', malformed("invalid number", 9)),
    (b'{"model":"m","prompt":"\\ud800"}', PASSES), (b'{"model":"\\ud800","prompt":"x"}', malformed("lone surrogate", 10)),
    (b'{"model":"m","prompt":"\xf0\x9f\x98\x80"}', PASSES),
    *((b'{"model":"m","prompt":"' + text + b'"}', malformed("invalid UTF-8", 23)) for text in (
        b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80")),
    (GOOD + b"}\xff", malformed("invalid UTF-8", 26)),
    (GOOD + b',"a":' + b"[" * 128 + b"]" * 128 + b"}", malformed("nested deeper than 128", 157)),
    (b'{"a":' * 126 + b"{}" + b"}" * 126, MODEL), (b'{"a":' * 100_000, malformed("nested deeper than 128", 640)),
    (b'{"model":"m","model":"m","prompt":"x"}', malformed('duplicate key "model"', 13)),
    (b'{"model":"m","mod\\u0065l":"n","prompt":"x"}', malformed('duplicate key "model"', 13)),
    (b'{"model":null,"model":"m","prompt":"x"}', malformed('duplicate key "model"', 14)),
    (b'{"prompt":"x","prompt":"y","model":"m"}', PASSES), (b'{"a":{"model":1,"model":2},"model":"m","prompt":"x"}', PASSES),
]

# The value of `model`; nothing: no such member.
MODELS = [
    *((value, MODEL) for value in (None, b"null", b"7", b"true", b'["m"]', b"{}", b'""', b'"  "')),
    *((value, PASSES) for value in (b'" m "', b'"a/b:c@d"', "\"模型\"".encode(), b'"\\u006d"', b'"' + b"a" * 256 + b'"')),
    (b'"' + b"a" * 257 + b'"', "model is longer than 256 bytes"), (b'"a\\u0000"', "model has control characters"),
    (b'"a\\r\\nb"', "model has control characters"),
]

LISTED = "is not a list of strings or token ids"
TEXTS = [b'"x"', b'["a","b"]', b"[1,2,3]", b"[[1,2],[3]]", b'[""]']

# Path, member, value, answer.
PROMPTS = [
    *((COMPLETIONS, "prompt", value, PASSES) for value in TEXTS),
    *(("/v1/embeddings", "input", value, PASSES) for value in TEXTS),
    *((COMPLETIONS, "prompt", value, "prompt is empty") for value in (b'""', b"[]")),
    *((COMPLETIONS, "prompt", value, "prompt is not a string") for value in (b"7", b"{}", b"true")),
    *((COMPLETIONS, "prompt", value, "prompt " + LISTED)
      for value in (b'["a",1]', b"[1.5]", b"[-1]", b"[4294967296]", b"[null]")),
    *((path, "prompt", b"null", PROMPT) for path in (COMPLETIONS, "/v1/images/generations")),
    *((path, "other", b"1", PROMPT) for path in (COMPLETIONS, CHAT, "/v1/embeddings", "/v1/responses", "/v1/messages",
                                                 "/v1/messages/count_tokens", "/v1/images/generations", "/generate",
                                                 "/inference/v1/generate", "/v1/chat/completions/render",
                                                 "/v1/completions/", "/v1/completions?a=b", "/xcompletions")),
    (COMPLETIONS, "prompt_embeds", b'"abc"', PASSES), (COMPLETIONS, "messages", b'[{"role":"user","content":"x"}]', PROMPT),
    (CHAT, "prompt", b'"x"', PROMPT), (CHAT, "messages", b"null", PROMPT), (CHAT, "messages", b"[]", "messages is empty"),
    *((CHAT, "messages", value, "messages is not a list") for value in (b"{}", b'"x"', b"7")),
    *((CHAT, "messages", value, "messages[0] is not an object") for value in (b'["x"]', b"[7]", b"[null]")),
    *((CHAT, "messages", b'[{"role":"user","content":' + value + b"}]", "messages[0].content is not a string or a list")
      for value in (b"7", b"{}")),
    (CHAT, "messages", b'[{"content":["x"]}]', "messages[0].content[0] is not an object"),
    *((CHAT, "messages", b"[{" + inside + b"}]", PASSES) for inside in (
        b"", b'"role":"user"', b'"content":null', b'"content":[]', b'"content":[{"type":"text","text":"x"}]', b'"role":7')),
    ("/v1/embeddings", "input", b'""', "input is empty"), ("/v1/embeddings", "input", b"[]", "input is empty"),
    ("/v1/embeddings", "input", b"7", "input is not a string"), ("/v1/embeddings", "input", b"null", PROMPT),
    *(("/v1/responses", "input", value, PASSES) for value in (b'"x"', b'[{"role":"user","content":"x"}]', b"[]")),
    ("/v1/responses", "input", b"7", "input is not a string or a list"), ("/v1/responses", "input", b"null", PROMPT),
    ("/v1/messages", "messages", b"[]", "messages is empty"),
    ("/v1/messages", "messages", b'"x"', "messages is not a list"),
    ("/v1/messages", "messages", b'[{"role":"user","content":"x"}]', PASSES),
    ("/v1/conversations", "items", b"[]", "items is empty"),
    ("/v1/conversations", "items", b'[{"type":"message"}]', PASSES),
    *(("/generate", "input_ids", value, "invalid generate request: input_ids must be an array of uint32 integers")
      for value in (b"7", b'["a"]')),
    ("/generate", "input_ids", b"[]", "invalid generate request: input_ids cannot be empty"),
    ("/generate", "input_ids", b'[1],"extra_key":["a"]', "unsupported generate request: extra_key must be a string"),
    ("/generate", "text", b'"x"', PASSES), ("/inference/v1/generate", "token_ids", b"[1]", PASSES),
    ("/inference/v1/generate", "token_ids", b"[]", "invalid generate request: must have non-empty token_ids field"),
    ("/inference/v1/generate", "token_ids", b"[4,-1]", "invalid generate request: token_ids[1]: invalid value -1"),
    *((path, "other", b"1", PASSES)
      for path in ("/v1/rerank", "/v1/score", "/tokenize", "/V1/Completions", "/v1/audio/speech")),
]

# Values of members that shape the answer: what is odd in them is no business of weir's.
ODD = [(GOOD + b',"%s":%s}' % pair, PASSES) for pair in (
    (b"stream", b'"true"'), (b"stream", b"1"), (b"max_tokens", b"-1"), (b"max_tokens", b"18446744073709551616"),
    (b"max_tokens", b'"8"'), (b"max_tokens", b"8.5"), (b"tools", b"7"), (b"cache_salt", b"7"))]

# A path of no known API takes anything.
ANYTHING = [b"", b"{", b"[1]", b'{"model":"m","model":"n"}', b"\xff", b"\0"]


def with_model(value):
    return b'{"prompt":"x"}' if value is None else b'{"model":' + value + b',"prompt":"x"}'


def rows():
    out = [(COMPLETIONS, body, answer) for body, answer in SYNTAX + ODD]
    out += [(COMPLETIONS, with_model(value), answer) for value, answer in MODELS]
    out += [(path, b'{"model":"m","%s":%s}' % (name.encode(), value), answer) for path, name, value, answer in PROMPTS]
    return out + [("/v1/whatever", body, PASSES) for body in ANYTHING]


def test_each_body_is_refused_with_its_reason_or_forwarded_as_it_came(weir, upstream):
    table = rows()
    assert len(table) >= 150
    server = upstream(reply())
    gateway = weir("--endpoint", server.url)
    wrong, passed = [], {}
    for number, (path, body, answer) in enumerate(table):
        got = gateway.post(path, body, {"X-Request-Id": f"row-{number}"})
        if answer is PASSES:
            passed[f"row-{number}"] = body
        expected = (200, "{}") if answer is PASSES else (400, "inference gateway: BadRequest - " + answer)
        if (got.status, got.text) != expected:
            wrong.append(f"{path} {body[:80]!r}: {got.status} {got.text}, not {expected}")
    assert not wrong, "\n".join(wrong)
    assert {r.header("x-request-id"): r.body for r in server.requests if r.method == "POST"} == passed
