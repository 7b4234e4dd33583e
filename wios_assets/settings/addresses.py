"""Web addresses and paths of the page."""

from __future__ import annotations

from urllib.parse import quote


def address(host: str, port: int) -> str:
    """Web address of a host and port."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def film_path(film: str) -> str:
    """Path of a film's page."""
    return f"/film/{quote(film, safe='')}"


def report_path(film: str) -> str:
    """Path of a film's report, one HTML file that needs no other."""
    return f"/api/films/{quote(film, safe='')}/export?what=report&format=html"
