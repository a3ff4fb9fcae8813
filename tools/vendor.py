#!/usr/bin/env python3
"""Other people's files for the browser, taken from npm packages by version and hash.

    tools/vendor.py --check
        the files in the tree are the ones named; off-line
    tools/vendor.py
        fetch every package again, compare, and write its files
    tools/vendor.py --add NAME@VERSION --into DIR [--replace OLD=NEW ...] FROM[=TO] ...
        take files of a package: FROM may be a glob, TO is for one file only,
        and `--strip PREFIX` shortens the paths below DIR

The manifest holds for each package its name, version, licence and the sha512 of its archive, and
for each file where it came from, what was replaced in it, and the sha256 of what stands in the
tree. A licence file must be among the files taken. Fetching uses `npm pack`; nothing is executed.
"""

import argparse
import base64
import fnmatch
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parents[1] / "src/watchword/web/shared/static/vendor"
MANIFEST = VENDOR / "manifest.json"
ARCHIVE_MAX = 64 * 1024 * 1024


class VendorError(Exception):
    """The tree, the manifest and the package do not agree."""


def main(given: list[str] | None = None) -> int:
    """Run one of the three forms; 0 when everything agrees, 1 with one line for each difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="compare the tree, off-line")
    parser.add_argument("--add", metavar="NAME@VERSION")
    parser.add_argument("--into", metavar="DIR")
    parser.add_argument("--strip", default="", metavar="PREFIX")
    parser.add_argument("--replace", action="append", default=[], metavar="OLD=NEW")
    parser.add_argument("files", nargs="*", metavar="FROM[=TO]")
    args = parser.parse_args(given)
    try:
        if args.check:
            return _report(check())
        if args.add:
            if not (args.into and args.files):
                parser.error("--add needs --into and at least one file")
            add(args.add, args.into, args.files, strip=args.strip, replace=args.replace)
        else:
            fetch_all()
        return _report(check())
    except VendorError as error:
        print(f"vendor: {error}", file=sys.stderr)
        return 1


def check() -> list[str]:
    """What is wrong with the tree, without the network."""
    wrong: list[str] = []
    named = {MANIFEST.relative_to(VENDOR).as_posix()}
    for package in _load()["packages"]:
        title = f"{package['name']}@{package['version']}"
        if not any("licen" in Path(f["path"]).name.lower() for f in package["files"]):
            wrong.append(f"{title}: no licence file")
        for file in package["files"]:
            named.add(file["path"])
            path = VENDOR / file["path"]
            if not path.is_file():
                wrong.append(f"{file['path']}: missing")
            elif _sha256(path.read_bytes()) != file["sha256"]:
                wrong.append(f"{file['path']}: not the file of {title}")
    there = {p.relative_to(VENDOR).as_posix() for p in VENDOR.rglob("*") if p.is_file()}
    wrong += [f"{path}: not in the manifest" for path in sorted(there - named)]
    return wrong


def fetch_all() -> None:
    """Fetch each package of the manifest, check its hash and write its files."""
    for package in _load()["packages"]:
        content, integrity = _fetch(f"{package['name']}@{package['version']}")
        if integrity != package["integrity"]:
            raise VendorError(
                f"{package['name']}: the archive's hash is not the one in the manifest"
            )
        for file in package["files"]:
            body = _replaced(content[file["from"]], package.get("replace", {}))
            if _sha256(body) != file["sha256"]:
                raise VendorError(
                    f"{file['path']}: the fetched file is not the one in the manifest"
                )
            _write(file["path"], body)


def add(spec: str, into: str, files: list[str], *, strip: str, replace: list[str]) -> None:
    """Take files of a package into the tree and write them down; replaces an older version."""
    name, _, version = spec.rpartition("@")
    if not name or not version[:1].isdigit():
        raise VendorError(f"{spec}: give the exact version, as in name@1.2.3")
    content, integrity = _fetch(spec)
    changes = dict(item.split("=", 1) for item in replace)
    taken: list[dict[str, str]] = []
    for source, target in _chosen(content, files, strip):
        body = _replaced(content[source], changes)
        path = f"{into}/{target}"
        _write(path, body)
        taken.append({"path": path, "from": source, "sha256": _sha256(body)})
    manifest = _load()
    entry: dict[str, Any] = {
        "name": name,
        "version": version,
        "licence": json.loads(content["package.json"]).get("license", ""),
        "integrity": integrity,
        "files": sorted(taken, key=lambda f: f["path"]),
    }
    if changes:
        entry["replace"] = changes
    others = [p for p in manifest["packages"] if p["name"] != name]
    manifest["packages"] = sorted([*others, entry], key=lambda p: str(p["name"]))
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _chosen(content: dict[str, bytes], files: list[str], strip: str) -> list[tuple[str, str]]:
    chosen: dict[str, str] = {}
    for item in files:
        pattern, _, target = item.partition("=")
        found = sorted(n for n in content if fnmatch.fnmatch(n, pattern))
        if not found or (target and len(found) > 1):
            raise VendorError(f"{pattern}: {len(found)} files of the package fit")
        chosen |= {name: target or name.removeprefix(strip) for name in found}
    return sorted(chosen.items())


def _fetch(spec: str) -> tuple[dict[str, bytes], str]:
    """Files of a package by path, and the sha512 of its archive as npm writes it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "npm",
            "pack",
            spec,
            "--silent",
            "--ignore-scripts",
            "--pack-destination",
            folder,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(archives) != 1:
            last = (done.stderr.strip().splitlines() or ["no archive came"])[-1]
            raise VendorError(f"{spec}: {last}")
        raw = archives[0].read_bytes()
        if len(raw) > ARCHIVE_MAX:
            raise VendorError(f"{spec}: archive too large")
        content: dict[str, bytes] = {}
        with tarfile.open(archives[0]) as archive:
            for member in archive.getmembers():
                stream = archive.extractfile(member) if member.isfile() else None
                if stream:
                    content[member.name.partition("/")[2]] = stream.read()
    return content, "sha512-" + base64.b64encode(hashlib.sha512(raw).digest()).decode()


def _replaced(body: bytes, changes: dict[str, str]) -> bytes:
    for old, new in changes.items():
        body = body.replace(old.encode(), new.encode())
    return body


def _write(path: str, body: bytes) -> None:
    target = (VENDOR / path).resolve()
    if not target.is_relative_to(VENDOR.resolve()):
        raise VendorError(f"{path}: outside the tree")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _load() -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return manifest


def _report(wrong: list[str]) -> int:
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong:
        print(f"{len(_load()['packages'])} packages, all files as named")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
