"""Proxies from the Python package index, each in a virtual environment of its own below the build folder."""

import subprocess
import sys
import venv
from pathlib import Path

LIMIT_SECONDS = 600


def ensure(requirement: str, folder: Path) -> str:
    """Installs `requirement` into `folder` unless it is there already. Why it could not be, or nothing."""
    stamp = folder / "requirement"
    if stamp.exists() and stamp.read_text() == requirement:
        return ""
    print(f"      installing {requirement} into {folder}", file=sys.stderr, flush=True)
    try:
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check",
                        "--only-binary", ":all:", requirement],
                       check=True, capture_output=True, text=True, timeout=LIMIT_SECONDS)
    except subprocess.CalledProcessError as error:
        said = [line for line in (error.stderr or "").splitlines() if line.startswith("ERROR")]
        return f"not installed: {said[-1][7:] if said else error}"
    except (subprocess.TimeoutExpired, OSError) as error:
        return f"not installed: {error}"
    stamp.write_text(requirement)
    return ""
