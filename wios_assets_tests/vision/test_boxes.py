from __future__ import annotations

import numpy as np
import pytest

from wios_assets.vision.boxes import iou

BOX = np.asarray([0.0, 0.0, 10.0, 10.0])


def test_two_boxes_share_a_part_of_their_union() -> None:
    assert iou(BOX, BOX) == 1.0
    assert iou(BOX, BOX + 5.0) == pytest.approx(25 / 175)
    assert iou(BOX, np.asarray([5.0, 0.0, 15.0, 10.0])) == pytest.approx(1 / 3)
    assert iou(BOX, BOX + 10.0) == 0.0
    assert iou(BOX, BOX + 20.0) == 0.0


def test_boxes_without_an_area_share_nothing() -> None:
    assert iou(np.zeros(4), np.zeros(4)) == 0.0
    assert iou(np.zeros(4), BOX) == 0.0


def test_one_box_is_compared_with_many_and_many_with_many() -> None:
    others = np.stack([BOX, BOX + 5.0, BOX + 20.0])
    assert iou(BOX, others).tolist() == pytest.approx([1.0, 25 / 175, 0.0])
    assert iou(others[:, None], others[None]).shape == (3, 3)
    assert iou(BOX, others[:0]).shape == (0,)
    assert iou(BOX.astype(np.float32), others.astype(np.float32)).dtype == np.float32
