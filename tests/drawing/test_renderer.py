"""The drawn people: faces that detectors find, with every action unit in its place."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from smilegenuine.drawing.appearance import random_person
from smilegenuine.drawing.renderer import FaceRenderer

AU_NAMES = (
    *("01", "02", "04", "05", "06", "07", "09", "10", "12"),
    *("14", "15", "17", "20", "23", "25", "26", "45"),
)
POSE = {"yaw": 11.0, "pitch": -7.0, "roll": 6.0, "shift": (0.03, -0.02), "scale": 1.05}

# Where an action unit must show: left, top, right, bottom of boxes in distances between the eyes,
# about the eyes' middle; the left half is mirrored.
REGIONS = {
    "01": (0.0, -1.1, 0.6, 0.0),
    "02": (0.25, -1.1, 1.1, 0.0),
    "04": (0.0, -0.7, 0.9, 0.15),
    "05": (0.1, -0.4, 0.9, 0.2),
    "06": (0.05, -0.4, 1.15, 1.0),
    "07": (0.1, -0.35, 0.9, 0.4),
    "09": (0.0, -0.55, 0.6, 1.3),
    "10": (0.0, 0.45, 0.8, 1.5),
    "12": (0.0, 0.2, 1.0, 1.6),
    "14": (0.2, 0.8, 0.95, 1.5),
    "15": (0.0, 0.8, 0.8, 1.75),
    "17": (0.0, 0.8, 0.6, 2.0),
    "20": (0.0, 0.8, 1.0, 1.8),
    "23": (0.0, 0.75, 0.7, 1.6),
    "25": (0.0, 0.8, 0.7, 1.7),
    "26": (0.0, 0.8, 1.1, 2.4),
    "45": (0.1, -0.45, 0.9, 0.35),
}


def intensities(**levels: float) -> np.ndarray:
    """Return 17 intensities from keywords such as ``au12=4``."""
    aus = np.zeros(len(AU_NAMES))
    for name, level in levels.items():
        aus[AU_NAMES.index(name.removeprefix("au"))] = level
    return aus


def person_of(seed: int):
    return random_person(np.random.default_rng(seed))


@pytest.fixture(scope="module")
def renderer() -> FaceRenderer:
    return FaceRenderer(replace(person_of(3), glasses="none", beard_style="none"))


@pytest.fixture(scope="module")
def neutral(renderer) -> np.ndarray:
    return renderer.draw(np.zeros(17)).astype(float)


def test_random_person_is_reproducible_and_hashable():
    assert person_of(5) == person_of(5)
    assert hash(person_of(5)) == hash(person_of(5))
    assert person_of(5) != person_of(6)


def test_frames_are_reproducible():
    aus = intensities(au06=2, au12=3.5)
    frames = [
        FaceRenderer(person_of(8), size=96).draw(aus, **POSE, rng=np.random.default_rng(4))
        for _ in range(2)
    ]
    assert frames[0].shape == (96, 96, 3)
    assert frames[0].dtype == np.uint8
    np.testing.assert_array_equal(frames[0], frames[1])


def test_drawing_leaves_no_trace_in_the_renderer(renderer, neutral):
    renderer.draw(np.full(17, 5.0), **POSE, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(renderer.draw(np.zeros(17)), neutral)


def test_noise_is_a_sensor_s(renderer, neutral):
    noisy = renderer.draw(np.zeros(17), rng=np.random.default_rng(1)).astype(float)
    assert 1.0 < (noisy - neutral).std() < 5.0
    assert abs((noisy - neutral).mean()) < 8.0


def test_people_differ():
    frames = [FaceRenderer(person_of(seed), size=96).draw(np.zeros(17)) for seed in range(6)]
    for i, one in enumerate(frames):
        for other in frames[:i]:
            assert np.abs(one.astype(float) - other).mean() > 6.0


@pytest.mark.parametrize("name", AU_NAMES)
def test_each_action_unit_shows_where_it_belongs(renderer, neutral, name):
    frame = renderer.draw(intensities(**{f"au{name}": 4.0})).astype(float)
    change = np.abs(frame - neutral).mean(axis=2)
    eyes = renderer.eye_centres()
    distance = eyes[1, 0] - eyes[0, 0]
    rows, columns = np.mgrid[: renderer.size, : renderer.size]
    x = np.abs(columns - eyes[:, 0].mean()) / distance
    y = (rows - eyes[:, 1].mean()) / distance
    left, top, right, bottom = REGIONS[name]
    inside = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    assert np.percentile(change[inside], 95) > 6.0
    assert change[inside].sum() > 0.75 * change.sum()


@pytest.mark.parametrize("name", AU_NAMES)
def test_action_units_grow_with_their_intensity(renderer, neutral, name):
    change = [
        np.abs(renderer.draw(intensities(**{f"au{name}": level})) - neutral).mean()
        for level in (1.0, 3.0, 5.0)
    ]
    assert 0.0 < change[0] < change[1] < change[2]


def test_action_units_look_different(renderer, neutral):
    frames = [renderer.draw(intensities(**{f"au{name}": 4.0})) - neutral for name in AU_NAMES]
    changes = np.array([frame.ravel() for frame in frames])
    changes /= np.linalg.norm(changes, axis=1, keepdims=True)
    likeness = changes @ changes.T - np.eye(len(changes))
    assert likeness.max() < 0.85


def test_each_side_answers_to_its_own_gain():
    person = replace(person_of(3), glasses="none", gains_left=(0.0,) * 17, gains_right=(1.0,) * 17)
    renderer = FaceRenderer(person)
    change = renderer.draw(intensities(au06=4, au12=4)).astype(float)
    change = np.abs(change - renderer.draw(np.zeros(17))).mean(axis=2)
    middle = int(renderer.eye_centres()[:, 0].mean())
    assert change[:, middle:].sum() > 3.0 * change[:, :middle].sum()


def test_two_equal_rows_are_one_row(renderer):
    aus = intensities(au06=2, au12=4, au26=1)
    np.testing.assert_array_equal(renderer.draw(np.stack([aus, aus])), renderer.draw(aus))
    assert renderer.landmarks(np.stack([aus, aus])) == renderer.landmarks(aus)


def test_rows_move_the_sides_of_the_face(renderer, neutral):
    middle = int(renderer.eye_centres()[:, 0].mean())
    rest = renderer.landmarks(np.zeros(17))
    for row, (here, there) in enumerate((("left", "right"), ("right", "left"))):
        aus = np.zeros((2, 17))
        aus[row] = intensities(au12=4)
        change = np.abs(renderer.draw(aus) - neutral).mean(axis=2)
        halves = change[:, :middle].sum(), change[:, middle:].sum()
        assert halves[row] > 3.0 * halves[1 - row]
        moved = renderer.landmarks(aus)
        assert moved[f"mouth_{here}"][1] < rest[f"mouth_{here}"][1] - 2.0
        assert moved[f"mouth_{there}"] == pytest.approx(rest[f"mouth_{there}"], abs=0.5)


def test_one_eye_winks(renderer):
    aus = np.zeros((2, 17))
    aus[0] = intensities(au45=5)
    points = renderer.landmarks(aus)
    open_eye = points["lid_lower_right"][1] - points["lid_upper_right"][1]
    assert points["lid_lower_left"][1] - points["lid_upper_left"][1] < 0.2 * open_eye


def test_landmarks_follow_the_action_units(renderer):
    rest = renderer.landmarks(np.zeros(17))
    smile = renderer.landmarks(intensities(au12=5))
    assert smile["mouth_left"][0] < rest["mouth_left"][0] - 2.0
    assert smile["mouth_right"][0] > rest["mouth_right"][0] + 2.0
    assert smile["mouth_right"][1] < rest["mouth_right"][1] - 2.0
    frown = renderer.landmarks(intensities(au04=5))
    assert frown["brow_inner_left"][1] > rest["brow_inner_left"][1] + 1.5
    blink = renderer.landmarks(intensities(au45=5))
    assert blink["lid_upper_left"][1] == pytest.approx(blink["lid_lower_left"][1], abs=0.5)
    drop = renderer.landmarks(intensities(au26=5))
    assert drop["chin"][1] > rest["chin"][1] + 5.0
    assert drop["lip_lower"][1] > rest["lip_lower"][1] + 2.0


def iris_middles(person, **pose) -> np.ndarray:
    """Return where irises are drawn, seen from what changes with their colour, (2, 2)."""
    frames = [
        FaceRenderer(replace(person, iris_colour=colour)).draw(intensities(au05=5), **pose)
        for colour in ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    ]
    change = np.abs(frames[1].astype(float) - frames[0]).sum(axis=2)
    rows, columns = np.mgrid[: change.shape[0], : change.shape[1]]
    middle = (change * columns).sum() / change.sum()
    places = []
    for half in (columns < middle, columns >= middle):
        weight = change * half
        places.append([(weight * columns).sum(), (weight * rows).sum()] / weight.sum())
    return np.array(places)


@pytest.mark.parametrize(
    "pose",
    [{}, POSE, {"yaw": -20.0, "pitch": 10.0}, {"roll": -15.0, "scale": 0.8}],
    ids=["frontal", "mixed", "turned", "tilted"],
)
def test_eye_centres_are_where_the_irises_are(pose):
    person = replace(person_of(10), glasses="none")
    eyes = FaceRenderer(person).eye_centres(**pose)
    distance = np.linalg.norm(eyes[1] - eyes[0])
    error = np.linalg.norm(iris_middles(person, **pose) - eyes, axis=1)
    assert error.max() < 0.05 * distance


def test_gaze_moves_the_irises():
    person = replace(person_of(10), glasses="none")
    ahead, aside = iris_middles(person), iris_middles(person, gaze=(20.0, 0.0))
    assert np.all(aside[:, 0] > ahead[:, 0] + 1.0)


def test_eye_centres_follow_shift_and_scale(renderer):
    rest = renderer.eye_centres()
    moved = renderer.eye_centres(shift=(0.05, -0.02))
    np.testing.assert_allclose(moved - rest, [[8.0, -3.2]] * 2, atol=1e-9)
    grown = renderer.eye_centres(scale=1.1)
    np.testing.assert_allclose(grown[1] - grown[0], 1.1 * (rest[1] - rest[0]), atol=1e-9)


@pytest.fixture(scope="module")
def cascades() -> tuple[cv2.CascadeClassifier, cv2.CascadeClassifier]:
    if not hasattr(cv2, "CascadeClassifier"):
        pytest.skip("this OpenCV ships no cascades")
    files = ("haarcascade_frontalface_alt2.xml", "haarcascade_eye.xml")
    return tuple(cv2.CascadeClassifier(cv2.data.haarcascades + name) for name in files)


def test_cascades_find_faces_and_eyes(cascades):
    find_face, find_eyes = cascades
    faces = pairs = 0
    for seed in range(20, 32):
        renderer = FaceRenderer(person_of(seed))
        for aus in (np.zeros(17), intensities(au06=3, au12=4, au25=3)):
            frame = renderer.draw(aus, yaw=5.0, rng=np.random.default_rng(seed))
            grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
            boxes = find_face.detectMultiScale(grey, 1.1, 3)
            if len(boxes) != 1:
                continue
            faces += 1
            x, y, width, height = boxes[0]
            upper = cv2.resize(grey[y : y + height * 6 // 10, x : x + width], None, fx=2, fy=2)
            pairs += len(find_eyes.detectMultiScale(upper, 1.05, 3)) >= 2
    assert faces >= 23
    assert pairs >= 0.9 * faces


def test_invisible_person_leaves_the_background(cascades):
    renderer = FaceRenderer(person_of(21))
    frame = renderer.draw(np.zeros(17), visible=False, rng=np.random.default_rng(0))
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    assert len(cascades[0].detectMultiScale(grey, 1.1, 3)) == 0
    face = renderer.draw(np.zeros(17))
    assert np.abs(face.astype(float) - frame).mean() > 10.0


@pytest.mark.parametrize(
    ("aus", "message"),
    [
        (np.zeros(16), r"aus must have shape \(17,\) or \(2, 17\), got \(16,\)"),
        (np.zeros((1, 17)), r"aus must have shape .* got \(1, 17\)"),
        (np.zeros((17, 2)), r"aus must have shape .* got \(17, 2\)"),
        (np.full(17, np.nan), "aus must be finite"),
        (np.full((2, 17), np.inf), "aus must be finite"),
    ],
)
def test_bad_action_units_are_refused(renderer, aus, message):
    with pytest.raises(ValueError, match=message):
        renderer.draw(aus)
    with pytest.raises(ValueError, match=message):
        renderer.landmarks(aus)


@pytest.mark.parametrize(
    ("pose", "message"),
    [
        ({"yaw": np.nan}, "yaw, pitch and roll must be finite"),
        ({"pitch": 80.0}, "within 60 degrees"),
        ({"scale": 0.0}, "scale must be positive"),
        ({"shift": (np.inf, 0.0)}, "shift must be two finite numbers"),
    ],
)
def test_bad_poses_are_refused(renderer, pose, message):
    with pytest.raises(ValueError, match=message):
        renderer.draw(np.zeros(17), **pose)
    with pytest.raises(ValueError, match=message):
        renderer.eye_centres(**pose)


def test_bad_gaze_is_refused(renderer):
    with pytest.raises(ValueError, match="gaze must be two finite angles"):
        renderer.draw(np.zeros(17), gaze=(np.nan, 0.0))


def test_tiny_frames_are_refused():
    with pytest.raises(ValueError, match="size must be at least 48"):
        FaceRenderer(person_of(0), size=20)
