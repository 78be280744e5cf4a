"""The hair and the ears of a drawn head, and what lies behind it: skull, long hair, buns."""

from __future__ import annotations

import cv2
import numpy as np

from .appearance import Person
from .hair_styles import HairStyle, cloth_colour, front_edge, hair_style, parting
from .relief import head_outline, radial_position
from .strokes import Canvas, blend, disc, filled, line, smooth_noise, soft_stroke, spline


def head_colours(person: Person, canvas: Canvas, skin: np.ndarray) -> np.ndarray:
    """Return the whole unlit head: skin cut to its outline, ears behind, hair in front.

    Parameters
    ----------
    person : Person
        Whose head.
    canvas : Canvas
        The grid to draw on.
    skin : (height, width, 3) float32 ndarray
        The skin, brows and beard, over the whole canvas.

    Returns
    -------
    (height, width, 4) uint8 ndarray
        sRGB and opacity. Colours go on beyond the head's edge, so that none bleeds in.
    """
    rng = np.random.default_rng(person.seed + 2)
    image = skin.copy()
    opacity = filled(canvas, head_outline(person))
    ears = _ears(image, person, canvas, opacity)
    opacity = np.maximum(opacity, ears)
    style = hair_style(person)
    if style is not None:
        grain, colours = _strands(person, style, canvas, rng)
        if person.hair_style == "cap":
            _crop_below_cap(image, person, canvas)
        hair = _mask(person, style, canvas, grain, rng)
        # The scalp throws a soft shade on the skin beside it, most of it downwards.
        drop = round(0.03 * canvas.unit)
        shade = np.roll(cv2.GaussianBlur(hair, (0, 0), 0.035 * canvas.unit), drop, axis=0)
        blend(image, np.array(person.skin) * (0.50, 0.42, 0.40), shade, 0.55 * style.dense)
        x, y = canvas.coordinates()
        outside = (opacity == 0) & ((y < 0.3) | (np.abs(x) > 0.47))
        image[outside] = colours[outside]
        blend(image, colours, hair, style.dense)
        opacity = np.maximum(opacity, hair)
        if person.hair_style == "cap":
            opacity = np.maximum(opacity, _brim(image, person, canvas, colours))
    return np.dstack([np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8), opacity])


def behind_head(person: Person, canvas: Canvas) -> np.ndarray:
    """Return the back of the head with the hair that hangs there, (height, width, 4) uint8."""
    rng = np.random.default_rng(person.seed + 5)
    style = hair_style(person)
    x, y = canvas.coordinates()
    tone = np.array(person.skin if style is None else person.hair_colour)
    if style is not None and style.flow == "cloth":
        tone = cloth_colour(person)
    light = 0.45 * np.array(person.light_colour) + np.array(person.ambient_colour)
    angles = np.linspace(0.0, 2 * np.pi, 49)
    wide = 0.55 * person.face_width
    skull = np.stack([wide * np.cos(angles), -0.20 + 0.70 * np.sin(angles)], axis=1)
    opacity = filled(canvas, skull)
    grain = _fine_strands(rng, x * (1.0 + 0.2 * np.cos(3.0 * y)), 0.3 * y)
    if style is not None and style.behind:
        reach = wide + style.side + 0.6 * style.flare
        half = np.array([[0.6 * wide, -0.5], [0.92 * reach, 0.0], [0.97 * reach, 0.5],
                         [0.98 * reach, style.behind]])
        half = spline(half)
        shape = filled(canvas, np.vstack([half, half[::-1] * (-1.0, 1.0)]))
        opacity = np.maximum(opacity, _roughened(shape, canvas, 0.012 * grain, 0.06))
    if person.hair_style == "tied":
        side = np.sign(person.hair_part)
        tail = np.array([[0.25, -0.35], [0.52, -0.12], [0.66, 0.35], [0.64, 0.85], [0.55, 1.18],
                         [0.45, 1.0], [0.40, 0.2]]) * (side * person.face_width, 1.0)
        shape = filled(canvas, spline(tail, closed=True))
        opacity = np.maximum(opacity, _roughened(shape, canvas, 0.02 * grain, 0.04))
    if person.hair_style == "bun":
        knot = disc(canvas, (0.06 * person.hair_part, -1.0 * person.crown_height), 0.155)
        opacity = np.maximum(opacity, _roughened(knot, canvas, 0.008 * grain, 0.03))
    image = np.empty((*x.shape, 3), np.float32)
    if style is not None:
        tone = style.dense * tone + (1.0 - style.dense) * np.array(person.skin)
    image[:] = tone * light * (1.05 if style is not None else 0.85)
    image *= (1.0 - 0.22 * np.minimum(np.hypot(x / wide, (y + 0.2) / 0.70), 1.1) ** 2)[..., None]
    image *= (1.0 + 0.12 * np.clip(grain, -2, 2))[..., None]
    # Close to the neck it is in the shade of the head.
    beside = np.clip((0.62 - np.abs(x)) / 0.2, 0.0, 1.0)
    image *= (1.0 - (0.10 + 0.25 * beside) * np.clip((y - 0.1) / 0.7, 0.0, 1.0))[..., None]
    rgb = np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return np.dstack([rgb, opacity])


def _ears(image: np.ndarray, person: Person, canvas: Canvas, head: np.ndarray) -> np.ndarray:
    """Draw both ears beside the head in place and return their mask."""
    at = np.array([0.580 * person.face_width, 0.08])
    both = np.zeros(image.shape[:2], np.uint8)
    for side in (-1.0, 1.0):
        shape = np.array([[-0.03, -0.10], [0.04, -0.13], [0.070, -0.06], [0.055, 0.08],
                          [0.022, 0.20], [-0.02, 0.24], [-0.05, 0.10]]) + at
        ear = filled(canvas, spline(shape * (side, 1.0), 6, closed=True))
        visible = np.minimum(ear, 255 - head)
        blend(image, np.array(person.skin) * (0.90, 0.80, 0.77), visible)
        inner = np.array([[0.045, -0.07], [0.045, 0.0], [0.015, 0.10]]) + at
        fold = soft_stroke(canvas, inner * (side, 1.0), 0.02, 0.012)
        blend(image, np.array(person.skin) * (0.6, 0.48, 0.45), fold * (visible > 0), 0.6)
        both = np.maximum(both, ear)
    return both


def _outer(person: Person, style: HairStyle, rng: np.random.Generator) -> np.ndarray:
    """Return the hair's outline (n, 2) away from the face, from the lower right to the left."""
    outline = head_outline(person)
    upper = outline[outline[:, 1] < min(0.02, style.low + 0.02)]
    upper = upper[np.argsort(-upper[:, 0])]
    rise = np.clip(-upper[:, 1] / np.abs(upper[:, 1]).max(), 0.0, 1.0)
    volume = person.hair_volume
    thick = volume * (style.side + (style.top - style.side) * rise**1.5)
    if style.lean:
        # More of it stands on the side it is combed to.
        thick *= 1.0 - 0.18 * np.sign(person.hair_part) * np.clip(upper[:, 0] / 0.4, -1.0, 1.0)
    thick += 0.35 * style.ragged * np.interp(
        np.linspace(0, 1, len(upper)), np.linspace(0, 1, 9), rng.standard_normal(9))
    radius = np.hypot(*upper.T)
    crown = upper * (1.0 + thick / radius)[:, None]
    if style.low < 0.0:
        return spline(crown, 4)
    low = style.low or style.edge[-1][1] + 0.02
    ends = []
    for side, start in ((1.0, crown[0]), (-1.0, crown[-1])):
        x = abs(start[0])
        flare = style.flare * volume * rng.uniform(0.7, 1.3)
        down = [[x + 0.35 * flare, 0.35 * low], [x + 0.85 * flare, 0.72 * low], [x + flare, low]]
        if not style.low:
            fall = volume * style.side if style.flow == "curls" else 0.0
            end = low + 0.6 * fall
            down = [[x - 0.004 - 0.2 * fall, 0.5 * end], [x - 0.010 - 0.8 * fall, end]]
        ends.append(np.array(down) * (side, 1.0))
    return spline(np.vstack([ends[0][::-1], crown, ends[1]]), 4)


def _mask(person: Person, style: HairStyle, canvas: Canvas, grain: np.ndarray,
          rng: np.random.Generator) -> np.ndarray:
    """Return the (height, width) uint8 mask of the hair that lies before or around the head."""
    inner = spline(front_edge(person, style, rng), 6)
    outer = _outer(person, style, rng)
    mask = filled(canvas, np.vstack([outer, inner]))
    if style.flow == "cloth":
        return cv2.GaussianBlur(mask, (3, 3), 0)
    x, y = canvas.coordinates()
    rho = radial_position(head_outline(person), x, y)
    onface = np.clip((1.0 - rho) / 0.08, 0.0, 1.0) * (y < 0.1)
    # Locks end one by one, not at a line.
    ends = np.clip((y - 0.75 * style.low) / 0.3, 0.0, 1.0) if style.low else 0.0 * y
    rough = style.ragged * (0.6 + 0.4 * onface + 1.6 * ends)
    soft = 0.022 + 0.030 * onface + 0.05 * ends
    mask = _roughened(mask, canvas, rough * grain, soft)
    return np.maximum(mask, _flyaways(person, style, canvas, outer, rng))


def _roughened(mask: np.ndarray, canvas: Canvas, noise: np.ndarray,
               soft: np.ndarray | float) -> np.ndarray:
    """Return a mask whose edge is moved by ``noise`` and as wide as ``soft``, both in units."""
    solid: np.ndarray = (mask > 127).astype(np.uint8)
    inside = cv2.distanceTransform(solid, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 3)
    level = (inside - outside) / canvas.unit + noise
    return (255.0 * np.clip(0.5 + level / soft, 0.0, 1.0)).astype(np.uint8)


def _flyaways(person: Person, style: HairStyle, canvas: Canvas, outer: np.ndarray,
              rng: np.random.Generator) -> np.ndarray:
    """Return the mask of single hairs that stand off the outline."""
    mask = np.zeros((canvas.height, canvas.width), np.uint8)
    for _ in range(int(26 * style.ragged / 0.014) if style.dense == 1.0 else 0):
        at = int(rng.integers(2, len(outer) - 8))
        start = outer[at] * rng.uniform(0.97, 1.0)
        lift = 1.0 + rng.uniform(0.005, 0.028)
        middle = outer[min(at + 3, len(outer) - 1)] * lift
        end = outer[min(at + int(rng.integers(4, 8)), len(outer) - 1)] * (2 * lift - 1.0)
        hair = line(canvas, spline(np.array([start, middle, end]), 4), 0.004)
        np.maximum(mask, (hair * 0.5).astype(np.uint8), out=mask)
    return mask


def _fine_strands(rng: np.random.Generator, across: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return strands of unit variance, much longer than they are wide."""
    relief = np.zeros(across.shape, np.float32)
    for fine, weight in ((1.0, 0.6), (0.45, 0.6), (0.14, 0.55)):
        table = smooth_noise(rng, (64, 1024), 1.0)
        table = cv2.GaussianBlur(table, (1, 0), 0.01, sigmaY=4.0)
        columns = ((across + 2.0) * 250.0 * fine).astype(np.float32)
        rows = ((along + 3.0) * 10.0).astype(np.float32)
        relief += weight * cv2.remap(table / table.std(), columns, rows, cv2.INTER_LINEAR,
                                     borderMode=cv2.BORDER_REFLECT)
    return relief


def _strands(person: Person, style: HairStyle, canvas: Canvas,
             rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the strands' relief and the hair's unlit colours over the whole canvas."""
    x, y = canvas.coordinates()
    rho = radial_position(head_outline(person), x, y)
    if style.flow == "cloth":
        return np.zeros(x.shape, np.float32), _cloth(person, canvas, rho, rng)
    if style.flow == "curls":
        # Curls are rings: the level lines of smooth noise, lit from above.
        coarse = smooth_noise(rng, x.shape, 0.024 * canvas.unit)
        rings = np.cos(2.4 * coarse) - np.cos(2.4 * np.roll(coarse, 2, axis=0))
        relief = 0.9 * rings + 0.5 * smooth_noise(rng, x.shape, 0.010 * canvas.unit)
        relief += 0.45 * smooth_noise(rng, x.shape, 0.07 * canvas.unit)
        relief = relief.astype(np.float32)
    else:
        relief = _fine_strands(rng, *_combed(person, style, x, y))
        if style.flow == "parted":
            # The two sides' strands do not meet: they fade into the parting.
            relief *= 1.0 - 0.9 * np.exp(-(((x - parting(person)) / 0.05) ** 2))
    band = np.exp(-0.5 * ((rho - 0.80) / 0.08) ** 2) * (y < 0.0)
    # On pale hair strands show less.
    contrast = 0.14 * (1.0 - 0.65 * float(np.mean(person.hair_colour)))
    bright = 1.0 + contrast * np.clip(relief, -2.0, 2.0) + 0.13 * band * (1.0 + 0.5 * relief)
    bright *= 1.0 - 0.30 * np.clip((rho - 0.95) / 0.25, 0.0, 1.0) * np.clip(0.7 - y, 0.0, 1.0)
    # Beside the face and the neck the hair lies in shade.
    bright *= 1.0 - 0.25 * np.clip((y - 0.2) / 0.5, 0.0, 1.0) * np.clip((0.60 - abs(x)) / 0.1, 0, 1)
    if style.flow == "parted":
        bright *= 1.0 - 0.12 * np.exp(-(((x - parting(person)) / 0.02) ** 2)) * (y < -0.6)
    colour = np.array(person.hair_colour, np.float32)
    lit = np.clip(bright, 0.45, 1.5)[..., None] * colour
    return relief, (lit + 0.03 * np.clip(bright - 1.0, 0.0, 0.5)[..., None]).astype(np.float32)


def _combed(person: Person, style: HairStyle, x: np.ndarray,
            y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates across and along the strands."""
    if style.wave:
        x = x + style.wave * 0.022 * np.sin(11.0 * y + 4.0 * np.sign(x) + person.hair_part)
    if style.flow == "parted":
        # From the parting the hair falls to the sides, along the head's outline.
        sideways = x - parting(person)
        across = np.hypot(sideways / 0.6, np.minimum(y - 0.1, 0.0) / 1.1)
        turn = np.arctan2(sideways, -np.minimum(y - 0.1, -1e-3))
        return np.where(sideways < 0, -across, across), turn + np.sign(sideways) * np.maximum(y, 0)
    if style.flow == "back":
        # Drawn away from the face all round.
        turn = np.arctan2(x, -(y - 0.25))
        return 0.75 * turn, 0.6 * np.hypot(x, y - 0.25)
    # Short hair and fringes hang from a crown behind the top of the head; the rest hangs down.
    crown = (0.10 * person.hair_part, -1.9)
    angle = np.arctan2(x - crown[0], np.minimum(y, 0.2) - crown[1])
    return 1.6 * angle, np.hypot(x - crown[0], y - crown[1])


def _cloth(person: Person, canvas: Canvas, rho: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the colours of a scarf or cap: soft folds around the face."""
    folds = smooth_noise(rng, rho.shape, 0.10 * canvas.unit)
    if person.hair_style == "scarf":
        around = 0.06 * np.sin(16.0 * rho + 2.0 * folds)
    else:
        x, y = canvas.coordinates()
        # Knitted: ribs that meet at the top.
        ribs = np.sin(90.0 * x / np.sqrt(np.maximum(1.3 - y * y, 0.3)))
        around = 0.05 * ribs + 0.06 * smooth_noise(rng, rho.shape, 0.008 * canvas.unit)
    bright = 1.0 + around + 0.03 * folds - 0.25 * np.clip((rho - 0.90) / 0.2, 0.0, 1.0)
    return (bright[..., None] * cloth_colour(person)).astype(np.float32)


def _crop_below_cap(image: np.ndarray, person: Person, canvas: Canvas) -> None:
    """Draw the short hair that shows below a cap in place."""
    x, y = canvas.coordinates()
    edge = 0.525 * person.face_width + 0.25 * np.clip(y, -0.3, 0.2)
    mask = np.clip((np.abs(x) - edge) / 0.03, 0.0, 1.0) * np.clip((0.08 - y) / 0.06, 0.0, 1.0)
    blend(image, person.hair_colour, mask.astype(np.float32), 0.85)


def _brim(image: np.ndarray, person: Person, canvas: Canvas, cloth: np.ndarray) -> np.ndarray:
    """Draw a knitted cap's turned-up brim in place and return its mask."""
    wide = 0.615 * person.face_width
    edge = np.array([[-wide, -0.22], [-0.8 * wide, -0.31], [0.0, -0.37], [0.8 * wide, -0.31],
                     [wide, -0.22]])
    lower, upper = spline(edge), spline(edge - np.array([0.0, 0.20]))
    mask = filled(canvas, np.vstack([upper, lower[::-1]]))
    shade = soft_stroke(canvas, edge + np.array([0.0, 0.03]), 0.05, 0.022)
    blend(image, np.array(person.skin) * (0.45, 0.38, 0.36), shade, 0.5)
    blend(image, np.clip(1.12 * cloth, 0.0, 1.0), cv2.GaussianBlur(mask, (3, 3), 0))
    for rim in (lower, upper):
        seam = np.minimum(cv2.GaussianBlur(line(canvas, rim, 0.02), (5, 5), 0), mask)
        blend(image, cloth_colour(person) * 0.55, seam, 0.6)
    return mask
