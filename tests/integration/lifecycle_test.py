"""Start, reload, stop: exit codes and what a person reads, against the real binary."""

import os
import signal
import socket
import threading
from pathlib import Path

from harness import chat_body, free_port, reply, run_weir, wait_for
from harness.manifest_text import pool, routed


def test_usage_mistakes_exit_2_with_one_sentence():
    for words, said in ((["serve"], "--endpoint"), (["serve", "--endpont", "x"], "did you mean --endpoint?"),
                        (["serve", "--endpoint", "https://a:1"], "http://host:port"),
                        (["serve", "--endpoint", "http://a:1/v1"], "http://host:port")):
        done = run_weir(*words)
        assert done.returncode == 2, words
        assert said in done.stderr
        assert done.stdout == ""


def test_a_broken_file_exits_4_with_its_place(manifests):
    folder = manifests({"a.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: [\n"})
    done = run_weir("serve", "-f", folder)
    assert done.returncode == 4
    assert "a.yaml:" in done.stderr
    missing = run_weir("serve", "-f", folder / "none.yaml")
    assert missing.returncode == 4


def test_manifests_without_a_listener_exit_5(manifests):
    folder = manifests({"a.yaml": pool()})
    assert run_weir("serve", "-f", folder).returncode == 5


def test_a_port_in_use_exits_6():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_weir("serve", "--endpoint", f"http://127.0.0.1:{free_port()}", "--listen", f"127.0.0.1:{port}",
                        "--admin", "off")
    assert done.returncode == 6
    assert str(port) in done.stderr


def test_a_second_weir_on_the_port_exits_6(weir):
    first = weir("--endpoint", f"http://127.0.0.1:{free_port()}")
    done = run_weir("serve", "--endpoint", "http://127.0.0.1:1", "--listen", f"127.0.0.1:{first.port}", "--admin", "off")
    assert done.returncode == 6


def test_there_is_a_worker_for_each_core_that_may_be_used(weir):
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        gateway = weir("--endpoint", f"http://127.0.0.1:{free_port()}")
    finally:
        os.sched_setaffinity(0, mine)
    tasks = Path(f"/proc/{gateway.child.pid}/task").glob("*/comm")
    assert [name for task in tasks if "/" in (name := task.read_text().strip())] == ["weir/0"]


def test_sigterm_lets_a_stream_finish(weir, sim):
    server = sim("--inter-token-time", "50ms")
    gateway = weir("--endpoint", server.url)
    with gateway.connect() as connection:
        result = {}

        def ask():
            result["answer"] = connection.request("POST", "/v1/chat/completions",
                                                  chat_body(model="weir-sim", max_tokens=20, stream=True))

        thread = threading.Thread(target=ask)
        thread.start()
        wait_for(lambda: gateway.metric("weir_requests_active"), "a request under way", 10)
        gateway.signal(signal.SIGTERM)
        thread.join(20)
    assert result["answer"].complete
    assert result["answer"].events()[-1] == "[DONE]"
    assert gateway.wait_exit() == 0


def test_a_reload_swaps_routes_and_a_bad_one_keeps_them(weir, manifests, upstream):
    server = upstream(reply())
    good = routed(server.port)
    folder = manifests({"all.yaml": good})
    gateway = weir("-f", folder)
    with gateway.connect() as connection:
        assert connection.request("POST", "/v1/chat/completions", chat_body()).status == 200
        assert connection.request("GET", "/v2/models").status == 404
        (folder / "new.yaml").write_text(good.replace("value: /v1", "value: /v2"))
        os.replace(folder / "new.yaml", folder / "all.yaml")
        wait_for(lambda: connection.request("GET", "/v2/models").status == 200, "the new route", 10)
        assert connection.request("GET", "/v1/models").status == 404
        (folder / "all.yaml").write_text("kind: [")
        gateway.wait_log("not reloaded")
        assert connection.request("GET", "/v2/models").status == 200


def test_a_missing_pool_name_keeps_the_process_up_and_not_ready(weir, manifests):
    folder = manifests({"a.yaml": pool()})
    gateway = weir("-f", folder, "--pool-name", "other", ready=False)
    gateway.wait_log("Pool is not initialized, skipping refreshing metrics")
    assert gateway.admin("GET", "/readyz").status == 503
    assert gateway.admin("GET", "/livez").status == 200


def test_the_demo_answers_its_own_curl_line(weir):
    demo = weir(command="demo")
    answer = demo.chat(model="demo")
    assert answer.status == 200
    assert answer.header("x-weir-endpoint")
    assert "curl http://127.0.0.1:" in demo.log
    streamed = demo.chat(model="demo", stream=True, max_tokens=5)
    assert streamed.events()[-1] == "[DONE]"
