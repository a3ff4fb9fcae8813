"""How a page is made: strict templates, strings from the catalogue, and one set of options.

Templates escape everything, fail on any unknown name, and know four helpers:
`t(key, **params)`, `static_url(path)`, `icon(name, label="")` and `build` (the static version).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import jinja2
from litestar import Litestar
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from litestar.types import ControllerRouterHandler, Middleware
from markupsafe import Markup

from watchword.web.shared.assets import Assets, Statics
from watchword.web.shared.problems import HANDLERS
from watchword.web.shared.server import BODY_MAX, Asgi, Headers, Receive, Scope, Send
from watchword.web.shared.strings import Strings

SHARED_TEMPLATES = Path(__file__).parent / "templates"


def environment(templates: Sequence[Path], strings: Strings, assets: Assets) -> jinja2.Environment:
    """The template environment over the shared templates and then each folder of `templates`."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*templates, SHARED_TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    sprite = assets.url("shared/icons.svg")

    def icon(name: str, label: str = "") -> Markup:
        """An icon of the sprite; without a label it is decoration and hidden from readers."""
        plain = Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>')
        named = Markup(
            '<svg class="icon" role="img" aria-label="{2}"><use href="{0}#{1}"></use></svg>'
        )
        return (named if label else plain).format(sprite, name, label)

    env.globals.update(t=strings, static_url=assets.url, icon=icon, build=assets.version)
    return env


def build(
    handlers: Sequence[ControllerRouterHandler],
    *,
    strings: Strings,
    assets: Assets,
    templates: Sequence[Path] = (),
    middleware: Sequence[Middleware] = (),
    dependencies: Mapping[str, Any] | None = None,
    **options: Any,
) -> "Built":
    """A Litestar application with our headers, errors, limits, templates and static files.

    `options` go to Litestar as they are.
    """
    env = environment(templates, strings, assets)
    app = Litestar(
        [*handlers],
        exception_handlers={**HANDLERS},
        request_max_body_size=BODY_MAX,
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(env)),
        middleware=[*middleware],
        dependencies=dict(dependencies or {}),
        openapi_config=options.pop("openapi_config", None),
        logging_config=None,
        debug=False,
        **options,
    )
    app.state.strings = strings
    return Built(app, assets)


class Built:
    """The finished ASGI application: headers around static files around the routes."""

    def __init__(self, app: Litestar, assets: Assets) -> None:
        self.litestar = app
        self.assets = assets
        self._outer = Headers(Statics(cast("Asgi", app), assets))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._outer(scope, receive, send)
