"""What of a request reaches an endpoint, and what of its answer reaches the client."""

from harness import reply


def test_what_an_endpoint_receives(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url)
    body = b'{"model":"m",  "messages":[{"role":"user","content":"x"}] }'
    answer = gateway.post("/v1//chat/./completions", body,
                          {"X-Request-Id": "id-1", "X-Gateway-Destination-Endpoint": "10.0.0.1:1",
                           "Connection": "keep-alive, x-hop", "X-Hop": "1", "X-Keep": "2",
                           "X-Forwarded-For": "9.9.9.9", "X_Gateway_Inference_Objective": "o"})
    assert answer.status == 200
    assert answer.header("x-request-id") == "id-1"
    seen = [r for r in server.requests if r.method == "POST"][0]
    assert seen.target == "/v1/chat/completions"
    assert seen.body == body
    assert seen.header("x-request-id") == "id-1"
    assert seen.header("x-forwarded-for") == "9.9.9.9, 127.0.0.1"
    assert seen.header("x-forwarded-proto") == "http"
    assert seen.header("via") == "1.1 weir"
    assert seen.header("x-keep") == "2"
    for gone in ("x-hop", "x-gateway-destination-endpoint", "x_gateway_inference_objective", "connection"):
        assert seen.header(gone) is None, gone


def test_what_a_client_receives(weir, upstream):
    kept = {"Server": "vllm", "Date": "then", "ETag": '"a"', "X-Keep": "1", "Via": "1.1 before"}
    dropped = {"Connection": "keep-alive, x-hop", "X-Hop": "1", "Keep-Alive": "timeout=5", "Upgrade": "h2c",
               "X-Request-Id": "theirs", "x-llm-d-request-dropped-reason": "evicted", "x-weir-reason": "saturated",
               "X-Gateway-Destination-Endpoint": "10.0.0.1:1", "X_Weir_Endpoint": "a", "x-went-into-resp-headers": "no"}
    server = upstream(reply(headers={**kept, **dropped}))
    gateway = weir("--endpoint", server.url)
    for ask in (lambda headers: gateway.chat(headers=headers), lambda headers: gateway.get("/v1/x", headers)):
        answer = ask({"X-Request-Id": "mine"})
        for name, value in kept.items():
            assert answer.header(name) == value, name
        for name in dropped.keys() - {"X-Request-Id", "x-went-into-resp-headers"}:
            assert answer.header(name) is None, name
        assert answer.header("x-request-id") == "mine"
        assert answer.header("x-went-into-resp-headers") == "true"
    with gateway.connect() as connection:
        connection.send("GET /v1/x HTTP/1.0\r\n\r\n")
        assert connection.read_answer().status == 200
    assert server.requests[-1].header("via") == "1.0 weir"


def test_trailers_go_to_a_client_that_takes_them(weir, upstream):
    server = upstream(lambda exchange: exchange.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n"
        "0\r\nX-Sum: 1\r\nContent-Length: 9\r\nX-Weir-Reason: draining\r\nX-Two: b\r\n\r\n"))
    gateway = weir("--endpoint", server.url)

    def end_of(head, version="1.1"):
        with gateway.connect() as connection:
            connection.send(f"GET / HTTP/{version}\r\nHost: x\r\nConnection: close\r\n{head}\r\n")
            seen = connection.read_to_end()
        return b"trailer: X-Sum\r\n" in seen, seen.partition(b"hi")[2]

    for te in ("TE: trailers", "te: gzip;q=0.5, trailers"):
        assert end_of(te + "\r\n") == (True, b"\r\n0\r\nX-Sum: 1\r\nX-Two: b\r\n\r\n")
        assert server.requests[-1].header("te") == "trailers"
    for te in ("", "TE: gzip\r\n"):
        assert end_of(te) == (False, b"\r\n0\r\n\r\n")
        assert server.requests[-1].header("te") is None
    assert end_of("TE: trailers\r\n", "1.0") == (False, b"")
