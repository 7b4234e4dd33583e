"""The edit list of the demo's film, and the truth table that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Literal

from wios_assets.demo.portraits import AS_TAKEN, EILEEN, GRACE, Light

WIDTH, HEIGHT, FRAME_RATE = 640, 360, 25
SMALL_FACE = 48.0
"""Height in pixels below which a visible face counts as small."""
WHOLLY, BARELY = 0.9, 0.05
"""Shares of a face's box inside the picture: from the first on it is visible, below the second absent."""


@dataclass(frozen=True)
class Pose:
    """Position of a face: its centre and height in pixels of the frame, and its tilt in degrees, anticlockwise."""

    x: float
    y: float
    height: float
    tilt: float = 0.0

    def towards(self, other: Pose, share: float) -> Pose:
        """The pose at `share` (0 to 1) of the movement to another, slow at both ends."""
        eased = share * share * (3 - 2 * share)
        ends = zip((self.x, self.y, self.height, self.tilt), (other.x, other.y, other.height, other.tilt), strict=True)
        return Pose(*(start + (end - start) * eased for start, end in ends))

    @property
    def inside(self) -> float:
        """Share of the face's box (as wide as high) that lies inside the frame, 0 to 1."""
        half = self.height / 2
        wide = min(self.x + half, WIDTH) - max(self.x - half, 0.0)
        high = min(self.y + half, HEIGHT) - max(self.y - half, 0.0)
        return max(wide, 0.0) * max(high, 0.0) / self.height**2

    @property
    def sight(self) -> Literal["frontal", "small", "optional", "absent"]:
        """Visibility of a face in this pose, as a truth table names it."""
        if self.inside < BARELY:
            return "absent"
        if self.inside < WHOLLY:
            return "optional"
        return "small" if self.height < SMALL_FACE else "frontal"


@dataclass(frozen=True)
class Role:
    """One person's part in a take.

    Attributes:
        person: whose portrait.
        first, last: pose at the beginning and at the end.
        cutout: the whole portrait, or an oval around the head.
    """

    person: str
    first: Pose
    last: Pose
    cutout: Literal["whole", "oval"] = "oval"
    light: Light = AS_TAKEN
    mirrored: bool = False


@dataclass(frozen=True)
class Take:
    """A stretch between two cuts: its length in frames, the picture behind, the people before it.

    Attributes:
        backdrop: file of scikit-image's bundled pictures, or two colours (red, green, blue) of a gradient.
        drift: pixels that the backdrop moves sideways.
    """

    frames: int
    backdrop: str | tuple[tuple[int, int, int], tuple[int, int, int]]
    roles: tuple[Role, ...] = ()
    drift: float = 40.0


@dataclass(frozen=True)
class TruthRow:
    """A row of the truth table: seconds, person, how visible (frontal or small), 1 where it is not to be scored."""

    start_s: float
    end_s: float
    person: str
    visible: str
    optional: int


@dataclass(frozen=True)
class EditList:
    takes: tuple[Take, ...]

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First frame of each take, and the number of frames in all."""
        return tuple(accumulate((take.frames for take in self.takes), initial=0))

    @property
    def duration_s(self) -> float:
        return self.starts[-1] / FRAME_RATE

    @property
    def cuts_s(self) -> tuple[float, ...]:
        """Instants of the cuts, seconds."""
        return tuple(start / FRAME_RATE for start in self.starts[1:-1])

    def truth(self) -> list[TruthRow]:
        """Who is visible when, from the poses, to the frame; runs end at cuts. Sorted by start, then by person."""
        rows = []
        for take, first in zip(self.takes, self.starts, strict=False):
            for role in take.roles:
                sights = [pose(role, take, frame).sight for frame in range(take.frames)]
                for start, end, sight in _runs(sights):
                    if sight == "absent":
                        continue
                    rows.append(
                        TruthRow(
                            round((first + start) / FRAME_RATE, 3),
                            round((first + end) / FRAME_RATE, 3),
                            role.person,
                            "frontal" if sight == "optional" else sight,
                            int(sight == "optional"),
                        )
                    )
        return sorted(rows, key=lambda row: (row.start_s, row.person))


def pose(role: Role, take: Take, frame: int) -> Pose:
    """Pose of a role's face in one frame of its take, counted from 0."""
    return role.first.towards(role.last, frame / max(take.frames - 1, 1))


def _runs(values: Sequence[str]) -> list[tuple[int, int, str]]:
    """Stretches of equal values: first index, index after the last, value."""
    edges = [0, *(n for n in range(1, len(values)) if values[n] != values[n - 1]), len(values)]
    return [(start, end, values[start]) for start, end in pairwise(edges)]


DUSK = ((20, 24, 60), (150, 90, 80))
DAWN = ((200, 170, 140), (90, 120, 160))
NIGHT = ((6, 6, 12), (40, 40, 60))
COOL, WARM = Light(1.15, (0.85, 0.98, 1.12)), Light(0.9, (1.1, 1.0, 0.86))
DARK, GLARE = Light(1.7), Light(0.65)

EDIT_LIST = EditList(
    (
        Take(100, "rocket.jpg"),
        Take(200, NIGHT, (Role(GRACE, Pose(330, 170, 150), Pose(310, 185, 215), "whole"),)),
        Take(175, NIGHT, (Role(EILEEN, Pose(400, 170, 125), Pose(270, 165, 150), "whole"),)),
        Take(
            250,
            "coffee.png",
            (
                Role(GRACE, Pose(150, 180, 110, -4), Pose(215, 175, 130, 5)),
                Role(EILEEN, Pose(500, 190, 120, 3), Pose(445, 175, 105, -5), light=COOL),
            ),
        ),
        Take(100, "chelsea.png", drift=60),
        Take(
            175, "brick.png", (Role(GRACE, Pose(200, 190, 120, 3), Pose(440, 175, 120, -4), light=DARK, mirrored=True),)
        ),
        Take(175, "hubble_deep_field.jpg", (Role(EILEEN, Pose(420, 130, 34), Pose(330, 180, 140, 4), light=GLARE),)),
        Take(
            250,
            DUSK,
            (
                Role(GRACE, Pose(-130, 180, 120), Pose(330, 175, 125, 3), light=WARM),
                Role(EILEEN, Pose(480, 185, 110, -3), Pose(790, 180, 110), mirrored=True),
            ),
        ),
        Take(40, DAWN, (Role(EILEEN, Pose(250, 175, 150, 3), Pose(290, 175, 155), light=WARM),)),
        Take(40, "gravel.png", (Role(GRACE, Pose(380, 185, 140, -3), Pose(350, 185, 150), light=COOL),)),
        Take(40, DUSK, (Role(EILEEN, Pose(360, 175, 130), Pose(380, 180, 130, -4), mirrored=True, light=DARK),)),
        Take(100, "moon.png"),
        Take(
            200,
            "grass.png",
            (
                Role(EILEEN, Pose(170, 180, 100), Pose(210, 170, 130, 4), light=GLARE),
                Role(GRACE, Pose(480, 180, 125, 3), Pose(440, 190, 105), mirrored=True, light=WARM),
            ),
        ),
        Take(50, NIGHT),
    )
)
QUESTION_S = 23.0
"""An instant at which both women are on screen."""
