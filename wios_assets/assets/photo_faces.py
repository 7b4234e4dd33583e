"""Faces of photos, found once for the whole library: kept by the photo's content, and found by the pool of processes.

They lie in `<lake>/.photo_faces/<version>/<SHA-256 of the photo>.npz`, where the version stands for all that decides
them. Only the newest version is kept.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import imagehash
import numpy as np

from wios_assets.assets.options import engine_identity, gallery_options, local_workers, worker_engine
from wios_assets.assets.worker_pool import run_in_pool
from wios_assets.atomic import atomic_path, write_atomic
from wios_assets.naming.options import GalleryOptions
from wios_assets.photos.faces import PhotoFaces, look_at_photo
from wios_assets.settings import Settings
from wios_assets.vision.engine import EngineIdentity, identity_of
from wios_assets.vision.engines import load_engine
from wios_assets.vision.options import EngineOptions

CODE_VERSION = "1"
_ENGINE_FILE = "engine.json"
_ARRAYS = ("boxes", "scores", "sharpness", "quality", "embeddings")


def faces_of_photos(
    settings: Settings, photos: Iterable[Path], subject: str
) -> tuple[dict[Path, PhotoFaces], EngineIdentity]:
    """Faces of each photo, and the engine that found them.

    Args:
        photos: picture files.
        subject: what they are for, for the message about a killed process.

    Raises:
        WiosError: a worker was killed, or the engine cannot be loaded.
    """
    engine, options = worker_engine(settings), gallery_options(settings)
    folder = _folder(settings, options)
    results: dict[Path, PhotoFaces] = {}
    new: dict[str, Path] = {}
    same: dict[Path, str] = {}
    for photo in dict.fromkeys(photos):
        digest = _digest(photo)
        kept = _read(folder / f"{digest}.npz", photo) if digest is not None else None
        if kept is not None:
            results[photo] = kept
        else:
            # Where the file cannot be read, the search for faces says why.
            new.setdefault(digest or str(photo), photo)
            same[photo] = digest or str(photo)
    identity = _read_identity(folder)
    calls = [(photo, engine, options, folder) for photo in new.values()]
    if identity is None and not calls:
        (identity,) = run_in_pool(local_workers(settings), subject, _identify, [(engine,)])
        _keep_identity(folder, identity)
    found: dict[Path, PhotoFaces] = {}
    for faces, used in run_in_pool(local_workers(settings), subject, _look_at, calls) if calls else ():
        found[faces.path] = faces
        if identity != used:
            identity = used
            _keep_identity(folder, used)
    results |= {photo: replace(found[new[key]], path=photo) for photo, key in same.items()}
    assert identity is not None
    return results, identity


def forget_photo_faces(lake: Path) -> None:
    """Remove what is kept of all photos; the next analysis finds it again."""
    shutil.rmtree(lake / ".photo_faces", ignore_errors=True)


def _look_at(
    photo: Path, engine: EngineOptions, options: GalleryOptions, folder: Path
) -> tuple[PhotoFaces, EngineIdentity]:
    """Find the faces of a photo, and keep them; runs in a worker."""
    network = load_engine(engine)
    faces = look_at_photo(photo, network, options)
    if not faces.error:
        _write(folder / f"{faces.photo_hash}.npz", faces)
    return faces, identity_of(network)


def _identify(engine: EngineOptions) -> EngineIdentity:
    return identity_of(load_engine(engine))


def _folder(settings: Settings, options: GalleryOptions) -> Path:
    """Folder of the present version; those of other versions are removed."""
    sizes = (options.longest_side, options.smallest_face, options.smallest_seen, options.thumbnail_side)
    facts = (CODE_VERSION, engine_identity(settings), sizes)
    root = settings.lake / ".photo_faces"
    folder = root / hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    for other in root.iterdir() if root.is_dir() else ():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def _digest(photo: Path) -> str | None:
    """SHA-256 of a file, hexadecimal; None where it cannot be read."""
    try:
        return hashlib.sha256(photo.read_bytes()).hexdigest()
    except OSError:
        return None


def _read(file: Path, photo: Path) -> PhotoFaces | None:
    """What is kept of a photo; None where that is nothing, or damaged."""
    # NumPy refuses pickled arrays by default.
    with suppress(OSError, ValueError, KeyError, zipfile.BadZipFile), np.load(file) as kept:
        return PhotoFaces(
            path=photo,
            photo_hash=file.stem,
            width=int(kept["size"][0]),
            height=int(kept["size"][1]),
            picture_hash=imagehash.ImageHash(kept["picture_hash"]),
            thumbnail=kept["thumbnail"].tobytes(),
            **{name: kept[name] for name in _ARRAYS},
        )
    return None


def _write(file: Path, faces: PhotoFaces) -> None:
    assert faces.picture_hash is not None
    with atomic_path(file) as temporary, temporary.open("wb") as stream:
        np.savez(
            stream,
            size=np.asarray([faces.width, faces.height]),
            picture_hash=faces.picture_hash.hash,
            thumbnail=np.frombuffer(faces.thumbnail, dtype=np.uint8),
            **{name: getattr(faces, name) for name in _ARRAYS},
        )


def _read_identity(folder: Path) -> EngineIdentity | None:
    with suppress(OSError, ValueError, TypeError):
        return EngineIdentity(**json.loads((folder / _ENGINE_FILE).read_text(encoding="utf-8")))
    return None


def _keep_identity(folder: Path, identity: EngineIdentity) -> None:
    write_atomic(folder / _ENGINE_FILE, json.dumps(asdict(identity)))
