"""Static files come from a table, under one name that changes with any of them."""

from pathlib import Path

import httpx
import pytest

from watchword.web.shared.assets import Assets
from watchword.web.shared.pages import build
from watchword.web.shared.strings import Strings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "page.js").write_text("export const a = 1;\n", encoding="utf-8")
    (tmp_path / "secret.py").write_text("x", encoding="utf-8")
    return tmp_path


async def test_an_asset_is_served_for_ever_and_typed(folder: Path) -> None:
    assets = Assets({"mine": folder})
    app = build([], strings=Strings.load(), assets=assets)
    async with client(app) as http:
        answer = await http.get(assets.url("mine/page.js"))
        head = await http.head(assets.url("mine/page.js"))
    assert answer.status_code == 200
    assert answer.text == "export const a = 1;\n"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (head.text, head.headers["content-length"]) == ("", "20")


async def test_nothing_else_exists(folder: Path) -> None:
    assets = Assets({"mine": folder})
    app = build([], strings=Strings.load(), assets=assets)
    version = assets.version
    async with client(app) as http:
        for path in (
            f"/static/{version}/mine/secret.py",
            f"/static/{version}/mine/%2e%2e/page.js",
            f"/static/{version}/",
            "/static/0000000000000000/mine/page.js",
            "/static/mine/page.js",
            "/static/",
        ):
            assert (await http.get(path)).status_code == 404, path
        assert (await http.post(assets.url("mine/page.js"))).status_code in {404, 405}


def test_a_change_changes_the_name(folder: Path) -> None:
    before = Assets({"mine": folder}).version
    (folder / "page.js").write_text("export const a = 2;\n", encoding="utf-8")
    assert Assets({"mine": folder}).version != before


def test_an_unknown_file_is_an_error_for_the_template(folder: Path) -> None:
    with pytest.raises(LookupError, match=r"mine/none\.js"):
        Assets({"mine": folder}).url("mine/none.js")


def test_only_the_vendored_packages_that_are_asked_for() -> None:
    assert not any("/vendor/htmx/" in p for p in Assets({}).paths)
    assert any("/vendor/inter/" in p for p in Assets({}).paths)
    assert any("/vendor/htmx/" in p for p in Assets({}, vendor=("htmx",)).paths)


def client(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site")  # type: ignore[arg-type]
