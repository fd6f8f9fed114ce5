#!/usr/bin/env python3
"""Makes a data set out of what every Debian machine has: one record for each package it knows of.

    apt-get update
    python3 examples/packages/make_dataset.py > packages.jsonl
    larder load packages.jsonl
    larder get package:bash
"""

import json
import subprocess
import sys


def stanzas(text: str):
    """The package's name and its whole stanza, for the first stanza of each name."""
    seen = set()
    for stanza in text.split("\n\n"):
        if not stanza.startswith("Package: "):
            continue
        name = stanza[len("Package: "):stanza.index("\n")]
        if name not in seen:
            seen.add(name)
            yield name, stanza


def main() -> None:
    known = subprocess.run(["apt-cache", "dumpavail"], check=True, capture_output=True).stdout
    count = 0
    for name, stanza in stanzas(known.decode(errors="replace")):
        sys.stdout.write(json.dumps({"key": f"package:{name}", "value": stanza}, ensure_ascii=False) + "\n")
        count += 1
    if count == 0:
        sys.exit("apt-cache knows no package: run apt-get update first")
    print(f"{count} packages", file=sys.stderr)


if __name__ == "__main__":
    main()
