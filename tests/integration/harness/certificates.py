"""Certificates made for one test."""

import subprocess


def certificate(folder, name, alternative_name):
    """A self-signed certificate for `DNS:host` or `IP:address`; paths of the chain and the key."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", crt, "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName={alternative_name}"], check=True, capture_output=True)
    return crt, key
