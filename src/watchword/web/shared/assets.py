"""Static files: read once, served from memory under a name that changes when any of them does.

One digest names the whole set (`/static/<digest>/keypad/pad.js`), so modules and style sheets
that refer to each other by relative paths always come from one version and may be cached for ever.
A path that is not in the table does not exist: there is no file system behind it.
"""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from watchword.web.shared.server import Asgi, Receive, Scope, Send

SHARED_STATIC = Path(__file__).parent / "static"
PREFIX: Final = "/static/"
_FOR_EVER = b"public, max-age=31536000, immutable"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}


class Assets:
    """The static files of one application.

    `roots` maps a first path segment to a folder, beside `shared`, which is always there.
    Of the vendored packages only those named in `vendor` are served.
    """

    def __init__(self, roots: Mapping[str, Path], *, vendor: Collection[str] = ("inter",)) -> None:
        self._files: dict[str, tuple[bytes, bytes]] = {}
        digest = hashlib.sha256()
        for name, root in sorted({"shared": SHARED_STATIC, **roots}.items()):
            for path in sorted(p for p in root.rglob("*") if p.is_file()):
                inside = path.relative_to(root).parts
                kind = _TYPES.get(path.suffix)
                if kind is None or (inside[0] == "vendor" and inside[1] not in vendor):
                    continue
                key, body = "/".join((name, *inside)), path.read_bytes()
                digest.update(f"{key}\0{len(body)}\0".encode() + body)
                self._files[key] = (body, kind.encode())
        self.version = digest.hexdigest()[:16]

    def url(self, path: str) -> str:
        """The address of `path`, such as `shared/base.css`; LookupError when there is none."""
        if path not in self._files:
            raise LookupError(f"no static file {path}")
        return f"{PREFIX}{self.version}/{path}"

    def find(self, address: str) -> tuple[bytes, bytes] | None:
        """Body and content type behind an address, or None."""
        version, _, path = address.removeprefix(PREFIX).partition("/")
        return self._files.get(path) if version == self.version else None

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file there is, sorted."""
        return tuple(sorted(self._files))


class Statics:
    """ASGI wrapper that answers GET and HEAD for the static files and passes the rest on."""

    def __init__(self, app: Asgi, assets: Assets) -> None:
        self._app = app
        self._assets = assets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the table; what is not in it goes to the application, which says 404."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        found = self._assets.find(scope["path"]) if scope["path"].startswith(PREFIX) else None
        if found is None:
            await self._app(scope, receive, send)
            return
        body, kind = found
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", _FOR_EVER),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        sent = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": sent, "more_body": False})
