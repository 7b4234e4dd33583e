"""`wios recogniser`: the ways of recognising faces, how they compare on the galleries, and which one is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wios_assets.cli.console import console, note, number, say, show_json, show_table
from wios_assets.errors import NotFound

if TYPE_CHECKING:
    from wios_assets.settings import Settings

DECIMALS = 3
Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="A recogniser; the newest winner if none.")]


def list_runs(as_json: Annotated[bool, typer.Option("--json", help="Show JSON.")] = False) -> None:
    """All comparisons, and the recogniser in use; the history as a plot is `recogniser.png` in the exports folder."""
    from dataclasses import asdict

    from wios_assets.lake.cohort import chosen_recogniser
    from wios_assets.reviews.recogniser import read_in_use
    from wios_assets.settings import load_settings

    settings = load_settings()
    runs = _runs(settings)
    in_use = read_in_use(settings.data)
    name = chosen_recogniser(settings.lake)
    if as_json:
        plain = [{**run, "compared_at": run["compared_at"].isoformat()} for run in runs]
        show_json({"in_use": name, "accepted": asdict(in_use) if in_use else None, "runs": plain})
        return
    show_table(
        ("Run", "Compared", "Films", "People", "Photos", "Winner", "Figure", "Value", "Spread", "Taken up", "Why"),
        [
            (
                run["run"],
                f"{run['compared_at']:%Y-%m-%d %H:%M}",
                run["films"],
                run["people"],
                run["photos"],
                run["winner"],
                run["figure"],
                number(run["value"], DECIMALS),
                number(run["spread"], DECIMALS),
                "yes" if run["taken_up"] else "no",
                run["reason"],
            )
            for run in runs
        ],
        right=("Run", "Films", "People", "Photos", "Value", "Spread"),
    )
    pinned = ", pinned" if in_use is not None and in_use.pinned else ""
    if settings.naming.recogniser != "chosen":
        say(f"in use: {settings.naming.recogniser}, by the setting naming.recogniser")
    else:
        say(f"in use: {name}{pinned}" if name else "in use: nearest 3 photos, until a comparison has chosen one")


def compare() -> None:
    """Compare the recognisers on the galleries now. It also happens by itself, once the galleries have grown."""
    from wios_assets.cli.running import interrupts, run_settings
    from wios_assets.runs.instance import dagster_instance
    from wios_assets.runs.launch import run_job

    settings = run_settings()
    with (
        dagster_instance(settings) as instance,
        console(stderr=True).status("comparing recognisers on the galleries"),
        interrupts(),
    ):
        run_job(settings, instance, "recogniser_comparison", tell=note)
    run = _runs(settings)[-1]
    winner = run["winner"] or "no winner"
    say(f"run {run['run']}: {winner}; {run['reason']}; in use: {run['in_use'] or 'none'}")


def use(name: Name = None) -> None:
    """Take up a recogniser, as the newest comparison's winner that is worse than the last; later, better ones replace
    it."""
    _take_up(name, pinned=False)


def pin(name: Name = None) -> None:
    """Take up a recogniser that stays whatever later comparisons find, until `wios recogniser use`."""
    _take_up(name, pinned=True)


def _take_up(name: str | None, *, pinned: bool) -> None:
    from dagster import AssetMaterialization

    from wios_assets.assets.recognisers import set_chosen
    from wios_assets.lake.cohort import chosen_recogniser
    from wios_assets.naming.selection import RECOGNISERS
    from wios_assets.reviews.recogniser import accepted, write_in_use
    from wios_assets.runs.instance import dagster_instance
    from wios_assets.settings import load_settings

    settings = load_settings()
    run = next((run for run in reversed(_runs(settings)) if run["winner"]), None)
    if run is None:
        raise NotFound(f"{settings.lake}: no comparison has a winner yet; `wios recogniser compare` makes one")
    usable = [recogniser.name for recogniser in RECOGNISERS if recogniser.nearest_photos is not None]
    chosen = name if name is not None else run["winner"]
    if chosen not in usable:
        raise NotFound(f"{chosen!r}: naming has no such recogniser; there are {', '.join(usable)}")
    before = chosen_recogniser(settings.lake)
    write_in_use(settings.data, accepted(run, chosen, pinned=pinned, by="person"))
    set_chosen(settings, chosen)
    if chosen != before:
        with dagster_instance(settings) as instance:
            # Names are stale for Dagster once this version changes.
            tags = {"dagster/data_version": chosen}
            instance.report_runless_asset_event(AssetMaterialization("recogniser_selection", tags=tags))
    say(f"in use: {chosen}{', pinned' if pinned else ''}")
    _say_what_follows(settings, changed=chosen != before)


def _say_what_follows(settings: Settings, *, changed: bool) -> None:
    if settings.naming.recogniser != "chosen":
        note(f"the setting naming.recogniser names {settings.naming.recogniser}, which counts instead", style="yellow")
    elif changed:
        note("next: `wios run --stale` names the films anew", style="dim")


def _runs(settings: Settings) -> list[dict[str, Any]]:
    """Rows of the record, oldest first."""
    from wios_assets.assets.recognisers import recorded_runs

    runs: list[dict[str, Any]] = recorded_runs(settings.lake).to_pylist()
    return runs
