"""Bodies of every size class reach the endpoint whole, however the bytes come and whatever follows them."""

import random

from harness import chat_body, request


def messages(sizes, seed):
    letters = random.Random(seed)
    return [chat_body("".join(letters.choices("abcdefgh ", k=size))) for size in sizes]


def sent_in_pieces(connection, data, cuts):
    for begin, end in zip([0, *cuts], [*cuts, len(data)]):
        connection.send(data[begin:end])


def test_pipelined_requests_of_all_sizes_are_told_apart(weir, upstream):
    # Small ones are copied behind their head, larger ones stay where they were read, the largest have a buffer of
    # their own whose last read may take up bytes of the request behind it.
    server = upstream()
    bodies = messages([10, 3_000, 5_000, 15_000, 40_000, 300_000, 20, 70_000, 70_000, 1], seed=1)
    data = b"".join(request("POST", "/v1/chat/completions", body) for body in bodies)
    gateway = weir("--endpoint", server.url)
    for seed in range(4):
        cuts = sorted(random.Random(seed).sample(range(1, len(data)), k=[0, 3, 12, 40][seed]))
        before = len(server.requests)
        with gateway.connect() as c:
            sent_in_pieces(c, data, cuts)
            assert [c.read_answer().status for _ in bodies] == [200] * len(bodies)
        assert [r.json() for r in server.requests[before:]] == bodies


def test_buffers_are_used_again_without_a_trace(weir, upstream):
    server = upstream()
    gateway = weir("--endpoint", server.url)
    bodies = messages([200_000, 190_000, 60_000, 200_000, 195_000, 17_000], seed=2)
    with gateway.connect() as c:
        for body in bodies:
            assert c.request("POST", "/v1/chat/completions", body).status == 200
    assert [r.json() for r in server.requests] == bodies
