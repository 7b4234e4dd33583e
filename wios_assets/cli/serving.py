"""`wios serve`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from wios_assets.cli.console import say


def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = None,
) -> None:
    """Serve the page for those who watch: films, who is on screen while one plays, actors, and the API.

    It listens to this machine alone. For others it asks for the token that WIOS_PAGE_TOKEN sets.
    """
    from wios_assets.page.server import serve_page
    from wios_assets.settings import load_settings

    chosen: dict[str, Any] = {"page_host": host, "page_port": port}
    settings = load_settings(**{name: value for name, value in chosen.items() if value is not None})
    serve_page(settings, lambda address: say(f"{address}  (Ctrl-C ends it)", style="bold"))
