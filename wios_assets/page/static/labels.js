// Places the labels of faces so that they neither overlap each other nor leave the picture.

const GAP_PX = 2;
const NEAR_ROWS = 3;

function overlap(a, b) {
  const across = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const down = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  return across > 0 && down > 0 ? across * down : 0;
}

// Where a label may be: below or above its face, aligned left, centred or right, in rows that lie ever further away. Where
// the first rows are taken, beside these as well, though it may then be nearer to another face.
function* candidates(face, label, bounds) {
  const { width } = label;
  const below = [0, (face.width - width) / 2, face.width - width];
  yield* inRows(face, label, bounds, below, NEAR_ROWS);
  yield* inRows(face, label, bounds, [...below, face.width + GAP_PX, -width - GAP_PX], Infinity);
}

function* inRows(face, label, bounds, shifts, most) {
  const { width, height } = label;
  const rows = Math.min(most, Math.ceil(bounds.height / (height + GAP_PX)));
  for (let row = 0; row < rows; row += 1) {
    const away = GAP_PX + row * (height + GAP_PX);
    for (const top of [face.top + face.height + away, face.top - height - away]) {
      if (top < bounds.top || top + height > bounds.top + bounds.height) continue;
      for (const shift of shifts) {
        const left = Math.max(bounds.left, Math.min(face.left + shift, bounds.left + bounds.width - width));
        yield { left, top, width, height };
      }
    }
  }
}

// Rectangles of labels for `faces`, in their order. Faces, `bounds` and `taken` are rectangles in pixels with left, top,
// width and height; `labels` have width and height. A label prefers a spot that covers no face; where the picture has no
// room without another label, it takes the spot that overlaps least.
export function placeLabels(faces, labels, bounds, taken = []) {
  const placed = [...taken];
  return faces.map((face, index) => {
    const inside = { ...labels[index], left: bounds.left, top: bounds.top };
    let best = { spot: inside, onLabels: Infinity, onFaces: Infinity };
    for (const spot of candidates(face, labels[index], bounds)) {
      const onLabels = placed.reduce((sum, other) => sum + overlap(spot, other), 0);
      const onFaces = faces.reduce((sum, other) => sum + overlap(spot, other), 0);
      if (onLabels < best.onLabels || (onLabels === best.onLabels && onFaces < best.onFaces)) best = { spot, onLabels, onFaces };
      if (!onLabels && !onFaces) break;
    }
    placed.push(best.spot);
    return best.spot;
  });
}
