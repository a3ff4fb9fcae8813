"""Vendored files are the ones that the manifest names, and the check sees any other."""

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from watchword.web.shared.assets import SHARED_STATIC

TOOL = Path(__file__).parents[3] / "tools" / "vendor.py"


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("vendor_tool", TOOL)
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tree = tmp_path / "vendor"
    shutil.copytree(SHARED_STATIC / "vendor", tree)
    monkeypatch.setattr(tool, "VENDOR", tree)
    monkeypatch.setattr(tool, "MANIFEST", tree / "manifest.json")
    return tool


def test_the_tree_is_as_named(vendor: ModuleType) -> None:
    assert vendor.check() == []
    assert vendor.main(["--check"]) == 0


def test_a_changed_a_missing_and_a_foreign_file(vendor: ModuleType) -> None:
    tree: Path = vendor.VENDOR
    (tree / "htmx/htmx.min.js").write_bytes(b"//")
    (tree / "inter/LICENSE.txt").unlink()
    (tree / "extra.js").write_bytes(b"//")
    wrong = "\n".join(vendor.check())
    assert "htmx/htmx.min.js: not the file of htmx.org@" in wrong
    assert "inter/LICENSE.txt: missing" in wrong
    assert "extra.js: not in the manifest" in wrong
    assert vendor.main(["--check"]) == 1


def test_every_package_is_pinned_and_licensed(vendor: ModuleType) -> None:
    for package in json.loads(vendor.MANIFEST.read_text(encoding="utf-8"))["packages"]:
        assert package["version"][0].isdigit()
        assert package["integrity"].startswith("sha512-")
        assert package["licence"]


@pytest.mark.parametrize("spec", ["htmx.org", "htmx.org@latest", "@4.0.1"])
def test_a_version_must_be_exact(vendor: ModuleType, spec: str) -> None:
    assert vendor.main(["--add", spec, "--into", "x", "LICENSE"]) == 1
