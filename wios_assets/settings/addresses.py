"""Web addresses of the page."""

from __future__ import annotations

from urllib.parse import quote

from wios_assets.settings.model import Settings


def address(host: str, port: int) -> str:
    """Web address of a host and port."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def film_address(settings: Settings, film: str) -> str:
    """Web address of a film's page."""
    return f"{address(settings.page_host, settings.page_port)}/film/{quote(film, safe='')}"


def report_address(settings: Settings, film: str) -> str:
    """Web address of a film's report, one HTML file that needs no other."""
    path = f"/api/films/{quote(film, safe='')}/export?what=report&format=html"
    return address(settings.page_host, settings.page_port) + path
