"""Starting and stopping, against a stand-in for the binary that answers 200 to everything."""

import signal
import sys

import pytest

from harness import run_weir

STAND_IN = """#!{python}
import http.server, signal, sys, threading
if sys.argv[1] != "serve":
    print("usage", *sys.argv[1:]); sys.exit(2)
if "--fail" in sys.argv:
    print("error: cannot bind"); sys.exit(6)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR1])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = b'weir_a_total{{x="1"}} 2\\nweir_a_total{{x="2"}} 3\\n'
        self.send_response(200); self.send_header("Content-Length", str(len(page))); self.end_headers()
        self.wfile.write(page)
ports = [int(sys.argv[sys.argv.index(f) + 1].split(":")[1]) for f in ("--listen", "--admin")]
servers = [http.server.ThreadingHTTPServer(("127.0.0.1", p), Handler) for p in ports]
for s in servers: threading.Thread(target=s.serve_forever, daemon=True).start()
print("serving", flush=True)
sys.exit(0 if signal.sigwait([signal.SIGTERM, signal.SIGUSR1]) == signal.SIGTERM else 9)
"""


@pytest.fixture(autouse=True)
def stand_in(tmp_path, monkeypatch):
    path = tmp_path / "stand-in"
    path.write_text(STAND_IN.format(python=sys.executable))
    path.chmod(0o755)
    monkeypatch.setenv("WEIR_BIN", str(path))


def test_a_process_is_ready_when_it_says_so_and_ends_with_the_test(weir):
    gateway = weir()
    assert gateway.get("/anything").status == 200
    assert gateway.wait_log("serving")
    assert gateway.metric("weir_a_total") == 5
    assert gateway.metric("weir_a_total", x="2") == 3
    assert gateway.metric("weir_b_total") is None
    assert gateway.stop() == 0


def test_an_early_end_shows_the_code_and_the_log(weir):
    with pytest.raises(AssertionError, match="(?s)ended with 6.*cannot bind"):
        weir("--fail", expect_exit=6)


def test_another_exit_code_is_seen(weir):
    gateway = weir(expect_exit=9)
    gateway.signal(signal.SIGUSR1)
    assert gateway.wait_exit() == 9


def test_a_command_that_ends_by_itself_gives_code_and_output():
    done = run_weir("check", "--strict")
    assert (done.returncode, done.stdout) == (2, "usage check --strict\n")
