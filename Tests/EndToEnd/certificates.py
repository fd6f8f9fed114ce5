"""Certificates of two authorities that nobody else trusts, made with the openssl command."""

import pathlib
import subprocess


class Certificates:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        for name in ("authority", "stranger"):
            self.openssl("req", "-x509", *self.new_key(name), "-days", "2", "-out", f"{name}.pem")
        self.make("server", "authority", "DNS:localhost,IP:127.0.0.1")
        self.make("reader", "authority", "URI:larder:role:read")
        self.make("writer", "authority", "URI:larder:role:write")
        self.make("admin", "authority", "URI:spiffe://example/ops,URI:larder:role:admin")
        self.make("plain", "authority", "DNS:client.example")
        self.make("other", "stranger", "URI:larder:role:admin")

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder)

    def new_key(self, name: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key"]

    def make(self, name: str, authority: str, alternative_names: str, file: str | None = None) -> None:
        """A certificate and its key, PEM."""
        file = file or name
        (self.folder / f"{file}.ext").write_text(f"subjectAltName={alternative_names}\n")
        self.openssl("req", *self.new_key(file), "-out", f"{file}.csr")
        self.openssl(
            "x509", "-req", "-in", f"{file}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", "2", "-extfile", f"{file}.ext", "-out", f"{file}.pem")

    def path(self, file: str) -> str:
        return str(self.folder / file)

    def read(self, file: str) -> bytes:
        return (self.folder / file).read_bytes()
