"""The groups of finer settings: `naming: {certain: 0.9}` in wios.yaml, `WIOS_NAMING__CERTAIN` in the environment.

A default that belongs to the core is taken from the core's own option class.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
)
from pydantic_settings import NoDecode

from wios_assets.naming.options import NamingOptions
from wios_assets.vision.options import EngineOptions, FootageOptions, LinkOptions, ShotOptions


class Group(BaseModel):
    """Settings of one subject."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DetectorSettings(Group):
    """How faces are detected."""

    network: Literal["yunet", "mmod"] = Field(
        default=EngineOptions.detector,
        description="Face detector of the engine `onnx`: `yunet` (OpenCV's, by far the fastest) or `mmod` (dlib's CNN)",
    )
    precision: Literal["int8", "float"] = Field(
        default=EngineOptions.detector_precision,
        description="Precision of `mmod`: `int8`, about twice as fast on a CPU, or `float`",
    )
    smallest_face: float = Field(
        default=EngineOptions.smallest_face,
        gt=0,
        le=1,
        description="Smallest face that must be found, as a share of the frame height",
    )
    largest_face: float = Field(
        default=EngineOptions.largest_face,
        gt=0,
        description="Largest face that `mmod` must find, as a share of the frame height",
    )
    pyramid_ratio: float = Field(
        default=EngineOptions.pyramid_ratio,
        gt=0.3,
        lt=1,
        description="Size of one level of the image pyramid of `mmod` to the level above",
    )
    threshold: float | None = Field(
        default=EngineOptions.detector_threshold,
        description="Score above which a window is a face; empty for the detector's default",
    )


class FootageSettings(Group):
    """How a film is gone through."""

    segment_seconds: float = Field(
        default=300.0, gt=0, description="Longest stretch of film that one task analyses, in seconds"
    )
    runner: Literal["auto", "processes", "spark"] = Field(
        default="auto",
        description="What analyses the segments of a film: `processes` of this machine, `spark` tasks, or `auto`: "
        "processes where `spark_master` is local, Spark on a cluster",
    )
    decoder: Literal["software", "vaapi", "videotoolbox", "cuda"] = Field(
        default=FootageOptions.decoder,
        description="What decodes films: `software`, `vaapi` (Linux), `videotoolbox` (macOS) or `cuda` (NVDEC); "
        "`software` where that is not usable",
    )
    duplicate_change: float = Field(
        default=FootageOptions.duplicate_change,
        ge=0,
        description="Largest change of any part of a near-duplicate sample, in grey levels (0 to 255)",
    )


class ChipSettings(Group):
    """Which face chips are turned into embeddings, and how chips are stored."""

    per_tracklet: int = Field(
        default=FootageOptions.chips_per_tracklet,
        ge=1,
        description="Most face chips of a tracklet that are turned into embeddings",
    )
    spacing_seconds: float = Field(
        default=FootageOptions.chip_spacing_s,
        gt=0,
        description="Least time between two chips of a tracklet, on average, in seconds",
    )
    jpeg_quality: int = Field(
        default=FootageOptions.chip_jpeg_quality, ge=1, le=100, description="JPEG quality of stored face chips"
    )


class CutSettings(Group):
    """What counts as a cut between two shots."""

    ratio: float = Field(
        default=ShotOptions.ratio,
        gt=1,
        description="How many times the change at a cut exceeds the mean change around it if not large in itself",
    )
    smallest_change: float = Field(
        default=ShotOptions.smallest_change,
        ge=0,
        description="Least change at a cut, 0 to 255: mean difference of brightness and hue, hue at half weight, over "
        "the part of the picture that is not black",
    )
    window_seconds: float = Field(
        default=ShotOptions.window_s,
        gt=0,
        le=1,
        description="Seconds before and after a cut that make up the mean change around it",
    )
    picture_width: int = Field(
        default=ShotOptions.picture_width, ge=32, description="Width of the pictures compared, in pixels"
    )


class LinkSettings(Group):
    """When the faces of two samples are one tracklet."""

    shift: float = Field(
        default=LinkOptions.largest_shift,
        gt=0,
        description="How far a face may move from one sample to the next within a tracklet, in face sizes",
    )
    growth: float = Field(
        default=LinkOptions.largest_growth,
        gt=1,
        description="How much a face may grow from one sample to the next within a tracklet, as a ratio",
    )
    gap_seconds: float = Field(
        default=LinkOptions.longest_gap_s,
        ge=0,
        description="How long a face may go unseen within its tracklet, in seconds",
    )
    longest_seconds: float = Field(
        default=LinkOptions.longest_s,
        gt=0,
        description="Length at which a tracklet is closed and a new one started, in seconds",
    )


class NamingSettings(Group):
    """When a track is given a name."""

    wrong_share: float = Field(
        default=NamingOptions.wrong_names,
        gt=0,
        lt=1,
        description="Share of a film's names that may be wrong, by their own probabilities",
    )
    certain: float = Field(
        default=NamingOptions.certain,
        gt=0.5,
        lt=1,
        description="Least probability at which a track is given a name",
    )
    perhaps: float = Field(
        default=NamingOptions.perhaps,
        gt=0,
        lt=1,
        description="Probability of the likeliest cast member from which on an unnamed track lists its likeliest names",
    )
    recogniser: Literal["chosen", "nearest photo", "nearest 2 photos", "nearest 3 photos", "nearest mean"] = Field(
        default="chosen",
        description="How faces are compared with galleries: `chosen` by recogniser_selection (`nearest 3 photos` until "
        "it is made), or one pinned: `nearest photo`, `nearest 2 photos`, `nearest 3 photos`, `nearest mean`",
    )
    cohort_people: int = Field(
        default=100, ge=0, description="Most people of other films' casts that a face is also compared with"
    )
    same_person: float = Field(
        default=NamingOptions.same_person,
        gt=0,
        description="Likeness from which on tracks are one person of the film, in standard deviations above that of "
        "different people",
    )


class InboxSettings(Group):
    """When a file in the inbox is taken up."""

    settle_seconds: float = Field(
        default=10.0, ge=0, description="A film file is registered once it has not changed for this long, in seconds"
    )
    sensor_seconds: int = Field(default=15, ge=1, description="Pause between two looks at the inbox, in seconds")
    people: Path | None = Field(
        default=None, description="Jellyfin's folder of people, `metadata/People`, whose portraits are photos too"
    )

    @field_validator("people")
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        return folder.expanduser().resolve() if folder is not None else None


class RefinedSettings(Group):
    """The tables over all films."""

    sensor_seconds: int = Field(
        default=300,
        ge=5,
        description="Pause between two looks for films that changed since these tables were made, in seconds",
    )
    least_films: int = Field(
        default=8, ge=4, description="Films below which outliers are not computed, of the library and of an actor"
    )
    outlier_z: float = Field(
        default=3.0, gt=0, description="Robust z-score from which on a figure counts as an outlier"
    )


def _database(address: str, schemes: tuple[str, ...]) -> str:
    """An address of a database without a password; the messages do not repeat it, because it may have one."""
    if not address:
        return address
    try:
        parts = urlsplit(address)
        # A password with a slash ends up in the port.
        password, _ = parts.password, parts.port
    except ValueError:
        raise ValueError("is no address of a database") from None
    if parts.scheme not in schemes:
        raise ValueError(f"begins with none of {', '.join(f'{scheme}://' for scheme in schemes)}")
    if password is not None or any("pass" in name.lower() for name, _ in parse_qsl(parts.query)):
        raise ValueError("has a password, which would be shown and logged; take it out, and see docs/sql.md")
    if not parts.path.strip("/"):
        raise ValueError("names no database; give one such as postgresql://wios@db.lan/wios")
    return address


class PublishSettings(Group):
    """The SQL server that films are published to."""

    address: Annotated[str, AfterValidator(lambda text: _database(text, ("postgresql", "mysql", "mariadb")))] = Field(
        default="",
        description="Database that films are published to, as an SQLAlchemy URL without password: "
        "`postgresql://wios@db.lan/wios`, `mariadb://wios@db.lan/wios`; empty for none",
    )
    password: SecretStr | None = Field(
        default=None,
        description="Its password; where none is set, PostgreSQL's comes from `PGPASSWORD` or `~/.pgpass`, MariaDB's "
        "from `MYSQL_PWD` or `~/.my.cnf`",
    )
    reader: str = Field(
        default="",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]{0,62})?$",
        description="Role that may read the published tables and views, made where it is missing; empty for none",
    )
    sensor_seconds: int = Field(
        default=60, ge=5, description="Pause between two looks for what differs from the database, in seconds"
    )


class HistorySettings(Group):
    """Where Dagster keeps its run history."""

    address: Annotated[str, AfterValidator(lambda text: _database(text, ("postgresql",)))] = Field(
        default="",
        description="PostgreSQL database for Dagster's run history, as a URL without password; empty for SQLite files "
        "in the folder `dagster`",
    )


class ImdbLoadSettings(Group):
    """How IMDB's files are fetched and loaded."""

    address: str = Field(
        default="https://datasets.imdbws.com/",
        pattern=r"^https?://",
        description="Web address of IMDB's files, used only where a download is asked for",
    )
    quarantine_share: float = Field(
        default=0.001,
        ge=0,
        le=1,
        description="Largest share of a file's lines that may be unreadable; above it a load fails",
    )
    refresh_hour: int = Field(
        default=4, ge=0, le=23, description="Hour of the day, on the machine's clock, at which IMDB is refreshed"
    )


class TmdbSettings(Group):
    """Which photos are taken from TMDB."""

    address: str = Field(
        default="https://api.themoviedb.org/3", pattern=r"^https?://", description="Web address of TMDB's API"
    )
    profiles: int = Field(default=35, ge=0, description="Most profile pictures of a person taken from TMDB")
    tagged: int = Field(default=3, ge=0, description="Most pictures of a person tagged for the film taken from TMDB")


def _files_for_players(value: Any) -> Any:
    """YAML reads the word `off` as false."""
    return "off" if value is False else value


class PlayersSettings(Group):
    """Files for players: mpv, Kodi and others."""

    files: Annotated[Literal["off", "exports", "beside"], BeforeValidator(_files_for_players)] = Field(
        default="exports",
        description="Where each run writes a film's files for players (`.wios.json`, `.wios.bgra`, `.wios.vtt`): "
        "`exports` (the exports folder), `beside` the film, or `off`",
    )


def is_sub_path(text: str) -> bool:
    """Whether text is a path such as `/wios`, of plain characters and without an end slash."""
    return re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", text) is not None


def _listed(value: Any) -> Any:
    """Entries of a text that lists them with commas."""
    if isinstance(value, str):
        return tuple(each.strip() for each in value.split(",") if each.strip())
    return value


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not re.fullmatch(r"[\w.-]+(:\d{1,5})?", name):
            raise ValueError(f"{name!r} is no host name; give names such as nas.local or films.example.org:8443")
    return tuple(name.lower() for name in names)


def _networks(addresses: tuple[str, ...]) -> tuple[str, ...]:
    for address in addresses:
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            raise ValueError(f"{address!r} is no address; give one such as 127.0.0.1 or 172.18.0.0/16") from None
    return addresses


def _sub_path(path: str) -> str:
    path = path.rstrip("/")
    if path and not is_sub_path(path):
        raise ValueError("give a path such as /wios")
    return path


class SparkSettings(Group):
    """How the workers of a Spark cluster reach this machine, and what each of them is given."""

    driver_host: str = Field(
        default="",
        description="Name or address under which the workers reach this machine, the driver; empty for the host name",
    )
    bind_address: str = Field(
        default="", description="Address that the driver listens on; empty for that of `spark.driver_host`"
    )
    driver_port: int = Field(
        default=0, ge=0, le=65535, description="Port on which the driver listens to its workers; 0 for any that is free"
    )
    block_port: int = Field(
        default=0, ge=0, le=65535, description="Port of the driver's and workers' block managers; 0 for any"
    )
    python: str = Field(
        default="",
        description="Python of the workers, such as `/opt/wios/bin/python`, or `./wios/bin/python` within an archive; "
        "empty for the driver's path",
    )
    archives: str = Field(
        default="",
        description="Archives (.tar.gz, .zip) that each worker unpacks, comma-separated: `/shared/wios.tar.gz#wios` "
        "becomes the folder `./wios`",
    )
    cores: int = Field(
        default=0,
        ge=0,
        description="Cores of the cluster that are asked for, and that a film is divided by; 0 for all that are there "
        "when a run starts",
    )
    executor_cores: int = Field(
        default=1, ge=1, description="Segments that one executor analyses at once, each in a Python process of its own"
    )
    python_mib: int = Field(
        default=600, ge=100, description="Memory asked for each Python process of an executor, in MiB"
    )
    worker_wait_seconds: float = Field(
        default=120.0, gt=0, description="Longest time without any worker after which a run fails, in seconds"
    )
    config: dict[str, str] = Field(
        default={},
        description="Any other of Spark's properties, such as `spark.kubernetes.container.image`; these come last",
    )


class RecogniserSettings(Group):
    """When the ways of recognising faces are compared again."""

    growth: float = Field(
        default=0.2,
        gt=0,
        description="Share by which the galleries' photos must have grown for a new comparison, besides the weekly one",
    )
    least_photos: int = Field(default=50, ge=2, description="Photos in all galleries at which comparing begins")
    most_people: int = Field(
        default=100,
        ge=2,
        description="Most people who are compared, the same ones each time; the time grows with the square of their "
        "number",
    )
    hour: int = Field(default=4, ge=0, le=23, description="Hour of the weekly comparison, on Sundays")
    sensor_seconds: int = Field(default=300, ge=5, description="Pause between two looks at the galleries, in seconds")


class ServicesSettings(Group):
    """What `wios up` and `wios ui` start besides the page and Dagster, and the services' logs."""

    cluster: Literal["none", "master", "worker", "both"] = Field(
        default="none",
        description="Part of a Spark cluster that runs here: its `master` (at the address of `spark_master`), a "
        "`worker` of it, or `both`",
    )
    database: Literal["none", "published", "history", "both"] = Field(
        default="none",
        description="What a PostgreSQL server of WIOS's own, in the folder `database` of `data`, holds: the "
        "`published` films, Dagster's run `history`, or `both`",
    )
    database_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port on 127.0.0.1 at which that server listens for other programs; 0 for its Unix socket alone",
    )
    log_megabytes: int = Field(default=10, ge=1, description="Size of a service's log at which a new one begins")
    log_files: int = Field(default=3, ge=1, description="Older logs of each service that are kept")


class PageSettings(Group):
    """Where the page stands, and its limits."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_host_names)] = Field(
        default=(),
        description="Host names under which the page is reached besides its addresses, comma-separated: the machine's "
        "name in the network, the reverse proxy's name (with its port unless that is 80 or 443)",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_networks)] = Field(
        default=(),
        description="Addresses or networks of reverse proxies whose `X-Forwarded-Host`, `-Proto`, `-For` and "
        "`-Prefix` are believed, comma-separated",
    )
    root_path: Annotated[str, AfterValidator(_sub_path)] = Field(
        default="", description="Sub-path under which a reverse proxy shows the page, such as `/wios`"
    )

    upload_gigabytes: float = Field(
        default=100.0, gt=0, description="Largest film that may be sent to the page, in gigabytes"
    )
    upload_hours: float = Field(
        default=24.0, gt=0, description="Longest pause of an upload after which it is given up, in hours"
    )
    logged_answers: int = Field(
        default=1_000_000, ge=0, description="Answers to `who` kept in `prediction_log`, the newest; 0 keeps none"
    )
