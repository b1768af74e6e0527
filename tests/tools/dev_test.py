"""The one script: what it says to somebody who does not know its commands."""

import subprocess
from pathlib import Path

DEV = Path(__file__).resolve().parents[2] / "dev"


def dev(*words):
    done = subprocess.run([DEV, *words], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_without_a_command_it_lists_them():
    listed = dev("help")
    assert listed[0] == 0 and "./dev build " in listed[1] and listed[2] == ""
    assert dev() == dev("--help") == listed


def test_a_command_that_is_none_is_named():
    code, out, err = dev("biuld")
    assert (code, out) == (2, "") and err.startswith("dev: there is no command biuld\n")
