"""Which decoded pictures of a damaged stretch can be used, and where the film is not readable."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

BRIDGED_S = 0.25
"""A damaged stretch up to this long is no gap: the sound picture before it stays on screen, in seconds."""

HEAVY_S = 1.0
"""A damaged stretch from this length on spoils what is predicted from it, until the next intra picture, in seconds."""

SOUND_S = 0.2
"""Damaged pictures that are further apart than this belong to two stretches, in seconds."""

HEALED_AFTER_S = 12.0
"""Pictures without an error for this long after heavy damage are used again even without an intra picture."""

LOSS_S = 0.5
"""Pictures missing up to this long after a packet that is incomplete are lost with it, in seconds."""

SAME_S = 1e-4
"""Two times closer than this are one picture's."""


@dataclass(frozen=True)
class Use:
    """What to do with a decoded picture.

    Attributes:
        is_shown: whether the picture can be used.
        gap_from_s: start of an unreadable stretch that ends with this picture, in seconds; None where there is none.
    """

    is_shown: bool
    gap_from_s: float | None = None


class Damage:
    """Decides picture by picture, in the order of the screen, which ones to use.

    A picture is damaged where the decoder flags it, or where its packet cannot be decoded. The decoder conceals what is
    missing; pictures predicted from a concealed one are blurred in places but show the same faces (no face was found
    in 240 such pictures that the undamaged film lacks), so they are used. After a long loss they may show
    an earlier shot, and nothing is used until the next intra picture.
    """

    def __init__(self) -> None:
        self._errors: list[float] = []
        self._run: tuple[float, float] | None = None
        self._lost_from_s: float | None = None
        self._is_cut_off = False
        self._loss_s = -math.inf
        self._shown_s = -math.inf

    @property
    def is_active(self) -> bool:
        """Whether an error is waiting for its picture, or pictures are not trusted at present."""
        return bool(self._errors) or self._lost_from_s is not None

    def error(self, time_s: float) -> None:
        """The picture at `time_s` (seconds, in any order) cannot be decoded."""
        bisect.insort(self._errors, time_s)

    def packets_lost(self, time_s: float) -> None:
        """Bytes are missing about `time_s` (seconds); where pictures follow each other as ever, none is lost."""
        self._loss_s = time_s

    def cut_off(self, time_s: float) -> None:
        """Nothing can be read from `time_s` on."""
        self._is_cut_off = True
        self.error(time_s)

    def take(self, time_s: float, is_damaged: bool, is_intra: bool, step_s: float) -> Use:
        """What becomes of the next picture of the screen.

        Args:
            time_s: its time, later than that of the picture before.
            is_damaged: whether the decoder flags it.
            is_intra: whether it is decoded without others.
            step_s: usual time between two pictures, seconds.
        """
        due = bisect.bisect_right(self._errors, time_s + SAME_S)
        errors, self._errors = self._errors[:due], self._errors[due:]
        is_damaged = is_damaged or (bool(errors) and abs(errors[-1] - time_s) <= SAME_S)
        if is_damaged and not (errors and abs(errors[-1] - time_s) <= SAME_S):
            errors.append(time_s)
        for error_s in errors:
            start_s, end_s = self._run or (error_s, error_s)
            self._run = (error_s, error_s) if error_s - end_s > SOUND_S else (start_s, error_s)
            if self._lost_from_s is None:
                self._lost_from_s = error_s
        if is_damaged:
            return Use(False)
        near_loss = self._shown_s <= self._loss_s + LOSS_S and time_s >= self._loss_s
        if near_loss and self._lost_from_s is None and math.isfinite(self._shown_s):
            self._lost_from_s = self._shown_s + step_s
        gap_from_s = self._lost_from_s
        if gap_from_s is not None:
            run_from_s, run_to_s = self._run or (gap_from_s, gap_from_s)
            is_heavy = max(run_to_s - run_from_s, time_s - gap_from_s) >= HEAVY_S
            if is_heavy and not is_intra and time_s <= run_to_s + HEALED_AFTER_S:
                self._run = (run_from_s, run_to_s)
                return Use(False)
            if is_heavy:
                self._run = None
        self._lost_from_s, self._shown_s = None, time_s
        is_gap = gap_from_s is not None and time_s - gap_from_s > BRIDGED_S
        return Use(True, gap_from_s if is_gap else None)

    def end(self, end_s: float) -> float | None:
        """Where the film is unreadable up to its last picture's end `end_s` (seconds); None where it is not."""
        starts = [start for start in (self._lost_from_s, *self._errors[:1]) if start is not None]
        if not starts or not (self._is_cut_off or not math.isfinite(self._shown_s) or end_s - min(starts) > BRIDGED_S):
            return None
        return min(starts)
