"""The picture of a saliency: right way up, the right colours, nothing cut off or written over."""

from __future__ import annotations

import functools
import subprocess
import sys

import numpy as np
import pytest
from drawn import known_meshes

from smilegenuine import Clip, LandmarkTransformerClassifier, make_system
from smilegenuine.clips.errors import ClipError
from smilegenuine.explain import LandmarkSaliency, landmark_saliency
from smilegenuine.face.mesh import CHIN, FOREHEAD_TOP, LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from smilegenuine.plotting import LandmarkSaliencyDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

POINTS = tuple(range(0, 478, 7))


@functools.cache
def fitted():
    smiles = known_meshes(4, 2, random_state=3)
    words = np.array(smiles.target_names)[smiles.target]
    return LandmarkTransformerClassifier(POINTS, n_hidden=8, n_layers=1, n_windows=3, max_epochs=4,
                                         random_state=0).fit(smiles.data, words)


def a_clip(n: int | None = None, *, frames: bool = False) -> Clip:
    """A smile whose pictures, where it has any, show the number of their frame."""
    clip = known_meshes(4, 2, random_state=3).data[1]
    landmarks, times = np.asarray(clip.landmarks)[:n], clip.times[:n]
    numbers = np.arange(len(times), dtype=np.uint8)
    pictures = np.tile(numbers[:, None, None, None], (1, 160, 160, 3)) if frames else None
    return Clip(frames=pictures, landmarks=landmarks, times=times, name="a clip")


def draw(clip: Clip | None = None, **params) -> LandmarkSaliencyDisplay:
    return LandmarkSaliencyDisplay.from_estimator(fitted(), clip or a_clip(), n_steps=1, **params)


def made(values, **params) -> LandmarkSaliencyDisplay:
    """A display of known values, of points 61 (a lip corner) and 50 (a cheek)."""
    values = np.asarray(values, float)
    n = len(values)
    saliency = LandmarkSaliency(values, np.arange(n), np.arange(n) / 10, np.array([61, 50]), 0.4,
                                0.0, np.array([0, 1]), "first", "made")
    face = np.asarray(a_clip().landmarks)[0, :, :2]
    return LandmarkSaliencyDisplay(saliency, face, {}, **params).plot()


def dots(display):
    return display.axes_[0].collections[0]


def boxes(display) -> dict:
    """Where each text is on the picture."""
    FigureCanvasAgg(display.figure_).draw()
    face, time = display.axes_
    found = [face._left_title, time.xaxis.label, time.yaxis.label, *time.texts,
             *display.colorbar_.ax.texts, display.colorbar_.ax.xaxis.label,
             *(time.get_legend().get_texts() if time.get_legend() else ())]
    for axis in (time.xaxis, time.yaxis, display.colorbar_.ax.xaxis):
        low, high = axis.get_view_interval()
        found += [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    return {text: text.get_window_extent() for text in found
            if text.get_visible() and text.get_text()}


class TestFace:
    def test_upright_and_in_proportion(self):
        display = draw()
        FigureCanvasAgg(display.figure_).draw()
        ax = display.axes_[0]
        top, chin, left, right = ax.transData.transform(
            display.face[[FOREHEAD_TOP, CHIN, LEFT_EYE_OUTER, RIGHT_EYE_OUTER]])
        assert top[1] > chin[1] + 50
        assert left[0] < right[0] - 30
        ratio = np.linalg.norm(top - chin) / np.linalg.norm(left - right)
        in_data = np.linalg.norm(display.face[FOREHEAD_TOP] - display.face[CHIN])
        in_data /= np.linalg.norm(display.face[LEFT_EYE_OUTER] - display.face[RIGHT_EYE_OUTER])
        assert ratio == pytest.approx(in_data, rel=0.01)

    def test_points_are_where_they_are_on_the_face(self):
        display = made([[1.0, -0.5], [1.0, 0.0]])
        found = {tuple(p): v for p, v in zip(dots(display).get_offsets().tolist(),
                                             dots(display).get_array(), strict=True)}
        assert found == {tuple(display.face[61].tolist()): 2.0,
                         tuple(display.face[50].tolist()): -0.5}

    def test_colours_are_symmetric_around_nothing(self):
        display = made([[1.0, -4.0], [1.0, np.nan]])
        assert dots(display).get_clim() == (-4.0, 4.0)
        red, _, blue, _ = dots(display).cmap(0.0)
        assert red > blue  # for the first class
        red, _, blue, _ = dots(display).cmap(1.0)
        assert blue > red
        np.testing.assert_allclose(dots(display).cmap(0.5)[:3], 0.97, atol=0.01)

    def test_what_cancels_is_pale_but_large(self):
        display = made([[3.0, 1.0], [-3.0, 1.0]])
        by_value = dict(zip(dots(display).get_array(), dots(display).get_sizes(), strict=True))
        assert by_value[0.0] > by_value[2.0] * 1.5
        assert list(dots(display).get_array()) == [2.0, 0.0]  # the larger one on top

    def test_nothing_at_all(self):
        display = made(np.zeros((3, 2)))
        FigureCanvasAgg(display.figure_).draw()
        assert dots(display).get_clim() == (-1.0, 1.0)

    def test_class_names(self):
        assert [t.get_text() for t in draw().colorbar_.ax.texts] == ["for posed",
                                                                     "for spontaneous"]
        renamed = draw(display_labels=("acted", "felt"))
        assert [t.get_text() for t in renamed.colorbar_.ax.texts] == ["for acted", "for felt"]
        assert [t.get_text() for t in renamed.axes_[1].texts] == ["for acted", "for felt"]
        assert [t.get_text() for t in made([[1.0, 0.0]]).colorbar_.ax.texts] == ["for 0", "for 1"]


class TestTime:
    def test_the_curve(self):
        display = draw()
        found, = landmark_saliency(fitted(), [a_clip()], n_steps=1)
        np.testing.assert_array_equal(display.axes_[1].lines[0].get_xydata(),
                                      np.column_stack([found.times, found.by_frame()]))

    def test_areas_end_where_the_sign_changes(self):
        display = made([[1.0, 0.0], [-3.0, 0.0]])
        below, above = display.axes_[1].collections
        assert above.get_paths()[0].get_extents().bounds == pytest.approx((0.0, 0.0, 0.1, 1.0))
        assert below.get_paths()[0].get_extents().bounds == pytest.approx((0.0, -3.0, 0.1, 3.0))
        at = [x for x, y in above.get_paths()[0].vertices if y == 0.0 and 0.0 < x < 0.1]
        assert at
        assert set(np.round(at, 9)) == {0.025}

    def test_gaps(self):
        display = made([[1.0, 0.0], [np.nan, np.nan], [2.0, -1.0]])
        FigureCanvasAgg(display.figure_).draw()
        assert np.isnan(display.axes_[1].lines[0].get_ydata()[1])

    def test_phases(self):
        clip = a_clip()
        display = draw(clip)
        names = [t.get_text() for t in display.axes_[1].get_legend().get_texts()]
        assert names == ["onset", "apex", "offset"]
        onset = display.phases["onset"]
        smile = np.zeros(len(clip.times))
        smile[20:40] = np.hanning(20)
        other = draw(clip.replace(smile=smile)).phases["onset"]
        assert clip.times[18] < other[0] < other[1] < clip.times[32]
        assert other != onset

    def test_too_short_for_phases(self):
        display = draw(a_clip(4))
        assert display.phases == {}
        assert display.axes_[1].get_legend() is None

    def test_one_frame(self):
        display = draw(a_clip(1).replace(times=None, fps=25))
        FigureCanvasAgg(display.figure_).draw()
        assert display.axes_[1].get_xlim() == (0.0, 1.0)


class TestOnFrame:
    def test_the_frame_that_counts_most(self):
        clip = a_clip(frames=True)
        display = draw(clip, on_frame=True)
        found, = landmark_saliency(fitted(), [clip], n_steps=1)
        most = found.frames[np.nanargmax(np.nansum(np.abs(found.values), axis=1))]
        assert display.axes_[0].images[0].get_array()[0, 0, 0] == most
        np.testing.assert_array_equal(display.face, clip.landmarks[most, :, :2])

    def test_without_pictures(self):
        with pytest.raises(ClipError, match="needs `frames`; its pictures are needed to draw on"):
            draw(on_frame=True)


class TestLayout:
    @pytest.mark.parametrize("size", [None, (6.4, 3.4), (12.0, 6.0)])
    @pytest.mark.parametrize("on_frame", [False, True])
    def test_no_text_is_cut_off_or_written_over(self, size, on_frame):
        clip = a_clip(frames=True).replace(name="/recordings/" * 9 + "cost$_smile_2$.mp4")
        axes = None if size is None else Figure(figsize=size, layout="constrained").subplots(1, 2)
        display = draw(clip, on_frame=on_frame, axes=axes)
        items = list(boxes(display).items())
        assert len(items) > 15
        page = display.figure_.bbox
        for i, (text, box) in enumerate(items):
            assert box.x0 >= page.x0 - 1, text
            assert box.x1 <= page.x1 + 1, text
            assert box.y0 >= page.y0 - 1, text
            assert box.y1 <= page.y1 + 1, text
            for other, other_box in items[i + 1:]:
                assert not box.overlaps(other_box), (text, other)

    def test_own_axes(self):
        figure = Figure(layout="constrained")
        display = draw(axes=figure.subplots(2, 1))
        assert display.figure_ is figure
        assert plt.get_fignums() == []

    def test_titles(self):
        assert draw(title="who?").axes_[0].get_title(loc="left") == "who?"
        decision = fitted().decision_function([a_clip()])[0]
        assert draw().axes_[0].get_title(loc="left") == f"a clip\ndecision {decision:+.2f}"


class TestSystems:
    def test_a_pipeline(self):
        system = make_system("landmark-transformer")
        system.steps[-1] = ("landmark_transformer", fitted())
        display = LandmarkSaliencyDisplay.from_estimator(system, a_clip(), n_steps=1)
        np.testing.assert_array_equal(display.saliency.values, draw().saliency.values)

    def test_baseline(self):
        assert draw(baseline="mean").saliency.baseline == "mean"


class TestRefusals:
    @pytest.mark.parametrize("n", [1, 3])
    def test_axes(self, n):
        with pytest.raises(ValueError, match=f"axes must be two, .* not {n}"):
            draw(axes=Figure().subplots(n, 1, squeeze=False))

    def test_labels(self):
        with pytest.raises(ValueError, match=r"display_labels must be two, .*posed.* not 3"):
            draw(display_labels=("a", "b", "c"))

    def test_no_landmarks(self):
        with pytest.raises(ClipError, match="needs `landmarks`"):
            draw(Clip(aus=np.zeros((9, 17)), fps=25))

    def test_no_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match=r"pip install 'smilegenuine\[plot\]'"):
            draw()


def test_neither_torch_nor_matplotlib_is_imported_before_it_is_needed():
    code = ("import sys, smilegenuine.plotting.saliency; "
            "print([m for m in ('torch', 'matplotlib') if m in sys.modules])")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
