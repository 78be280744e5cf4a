"""The report about clips: what it says is what the model says, and nobody's name gets through."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from html_page import NASTY, Page, check_page, shown
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from smilegenuine import AUDA, AUDASVMEnsemble, Clip, DMarkerSVMEnsemble
from smilegenuine.certainty.calibration import CalibratedSystem
from smilegenuine.certainty.conformal import SubjectConformalClassifier
from smilegenuine.datasets import make_smile_signals, make_smiles
from smilegenuine.explain import explain
from smilegenuine.features.clip_phases import phases_of
from smilegenuine.plotting.face_strip import moments_of
from smilegenuine.report import write_report
from smilegenuine.report.words import what_text

pytest.importorskip("matplotlib")
LABELS = np.array(["<b>fake</b>", "réal"])


def with_faces(clip: Clip) -> Clip:
    """The clip with small faces that all differ."""
    rng = np.random.default_rng(0)
    return clip.replace(faces=rng.integers(0, 255, (clip.n_frames, 20, 16, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def smiles():
    return make_smile_signals(6, 2, random_state=0)


@pytest.fixture(scope="module")
def model(smiles):
    made = AUDASVMEnsemble(levels=("au",), phases=("onset", "offset"))
    made.fit(smiles.data, LABELS[smiles.target])
    made.info_ = {"system": NASTY, "trained on": NASTY, NASTY: NASTY,
                  "scores by subject": {"accuracy": 0.84, NASTY: 0.1}, "versions": {NASTY: NASTY}}
    return made


@pytest.fixture(scope="module")
def done(model, smiles, tmp_path_factory):
    """A report about clips of all kinds, and what is known of it."""
    folder = tmp_path_factory.mktemp("report")
    first, second = smiles.data[0], smiles.data[1]
    valid = np.arange(first.n_frames) >= 7
    valid[20] = False
    clips = [with_faces(first).replace(name=NASTY, subject=NASTY, valid=valid),
             str(folder / "missing\n<i>.mp4"),
             second.replace(name="x" * 300),
             smiles.data[2].replace(valid=np.zeros(smiles.data[2].n_frames, bool), name="blind")]
    found = write_report(model, clips, folder / "new" / "report.html")
    return SimpleNamespace(found=found, page=Page(found.path), clips=clips, model=model)


class TestPage:
    def test_is_whole_and_safe(self, done):
        check_page(done.page)
        assert list(done.found.path.parent.iterdir()) == [done.found.path]
        assert "\x1b" not in done.page.source

    def test_names_are_text(self, done):
        for inside in ("td", "h2", "dd", "h1", "title", "code"):
            assert shown(NASTY).strip() in done.page.text(inside), inside
        assert "x" * 300 in done.page.text("h2")
        assert "x" * 300 not in done.page.text("td")  # where it would push all else aside

    def test_decisions_are_the_models(self, done):
        good = [done.clips[0], done.clips[2]]
        expected = done.model.predict_proba(good)
        table = done.found.decisions
        assert list(table) == ["clip", "decision", "P(<b>fake</b>)", "P(réal)"]
        np.testing.assert_allclose(table.iloc[:, 2:].to_numpy(float), expected, rtol=1e-12)
        assert list(table["decision"]) == list(done.model.predict(good))
        assert list(table["clip"]) == [clip.name for clip in good]
        for k, p in zip((1, 3), expected, strict=True):
            text = section(done.page, k)
            said = done.model.classes_[p.argmax()]
            assert f"Decision: {said}. Probability {100 * p.max():.0f} %" in text
            assert "right about 84 of 100 clips." in text

    def test_failures_cost_nothing_else(self, done):
        assert list(done.found.failures["clip"]) == [done.clips[1], "blind"]
        assert "no such file" in done.found.failures["error"][0]
        text = done.page.text("ul")
        assert "missing\\n<i>.mp4: no such file" in text
        assert "blind: " in text
        assert "2 recordings could not be used" in done.page.text()
        assert "Said of 2 of 4 recordings" in done.page.text()

    def test_links_lead_to_the_sections(self, done):
        assert [a["href"] for a in done.page.of("a")] == ["#card", "#clip-1", "#clip-3"]
        assert [s.get("id") for s in done.page.of("section")] == ["clip-1", "clip-3", "card"]

    def test_reasons_are_those_of_explain(self, done):
        found = explain(done.model, done.clips[2])
        text = section(done.page, 3)
        for row in found.strongest(6).to_dict("records"):
            side = done.model.classes_[int(row["contribution"] > 0)]
            assert f"{what_text(row['what'])}, in the {row['phase']}: speaks for {side}" in text
        added = found.decision - found.baseline_decision
        assert f"this clip adds {added:+.1f}".replace("-", "−") in text

    def test_faces_are_those_of_the_moments(self, done):
        clip = done.clips[0]
        shots = [cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
                 for png in done.page.pictures("png")]
        frames = list(moments_of(clip, phases_of(clip)).values())
        assert len(shots) == len(frames) == 5
        np.testing.assert_array_equal(shots, clip.faces[frames])
        assert frames[0] == 7  # the first with a face
        assert f"The face at {clip.times[7]:.2f} s" in done.page.of("img")[0]["alt"]

    def test_curves_and_contributions_are_drawn(self, done):
        assert len(done.page.pictures("svg+xml")) == 2 * 2
        alt = [img["alt"] for img in done.page.of("img") if "Curves" in img["alt"]]
        assert all("AU12, AU06" in text and "Onset" in text for text in alt)

    def test_gaps_are_told(self, done):
        clip = done.clips[0]
        assert (f"8 of {clip.n_frames}, without a face or with one that could not be followed: "
                f"{clip.times[0]:.2f} to {clip.times[6]:.2f} s, {clip.times[20]:.2f} s"
                in section(done.page, 1))
        assert f"8 of {clip.n_frames} not measured" in done.page.text("td")
        assert "Frames that could not be measurednone" in section(done.page, 3)

    def test_ends_with_the_card_and_its_limits(self, done):
        text = done.page.text()
        card = text.partition("About the model")[2]
        for words in ("AUDASVMEnsemble: One SVM for each level", "Accuracy: 84.0 %",
                      "not for screening for deception", "BSD-3-Clause"):
            assert words in card, words


def section(page: Page, number: int) -> str:
    """The words of a clip's section."""
    source = page.source.partition(f'id="clip-{number}">')[2].partition("</section>")[0]
    part = object.__new__(Page)
    super(Page, part).__init__(convert_charrefs=True)
    part.elements, part.texts, part._open = [], [], []
    part.feed(source)
    part.close()
    return " ".join("".join(text for _, text in part.texts).split())


class TestOtherModels:
    def test_on_the_face_mesh_faces_are_cut_out(self, tmp_path):
        smiles = make_smiles(3, 2, fps=10, size=48, head_motion=0.0, random_state=0)
        clips = [c.replace(landmarks=np.asarray(mesh, np.float32), times=t) for c, mesh, t in
                 zip(smiles.data, smiles.landmarks, smiles.times, strict=True)]
        model = DMarkerSVMEnsemble().fit(clips, smiles.target)
        page = Page(write_report(model, clips[:1], tmp_path / "r.html").path)
        check_page(page)
        assert len(page.pictures("png")) == 5
        assert "What DMarkerSVMEnsemble says about s000_0_posed" in page.text("h1")
        assert "lip corners, eyelids, cheeks" in [i["alt"] for i in page.of("img")][5]
        shot = cv2.imdecode(np.frombuffer(page.pictures("png")[0], np.uint8), 1)[..., ::-1]
        # The tip of the nose is the middle of the face.
        x, y = np.asarray(smiles.landmarks[0])[0, 1, :2].round().astype(int)
        frame = next(iter(clips[0].frames))
        middle = shot[46:66, 46:66].reshape(-1, 3).mean(axis=0)
        np.testing.assert_allclose(middle, frame[y - 2:y + 3, x - 2:x + 3].reshape(-1, 3).mean(0),
                                   atol=25)

    def test_without_a_background(self, smiles, tmp_path):
        model = make_pipeline(AUDA(phases=("onset",)), LogisticRegression(max_iter=2000))
        model.fit(smiles.data, smiles.target)
        for background, words in ((None, "It cannot be said: ValueError: what 'logistic"),
                                  (smiles.data, "The strongest contributions:")):
            found = write_report(model, smiles.data[:1], tmp_path / "r.html", background=background)
            page = Page(found.path)
            check_page(page)
            assert words in page.text()
            assert "it remembers no scores by subject" in page.text()
            assert len(found.decisions) == 1

    def test_decisions_that_are_no_log_odds(self, smiles, tmp_path):
        class Doubled(LogisticRegression):
            def decision_function(self, X):
                return 2.0 * super().decision_function(X)

            def predict_proba(self, X):
                p = 1.0 / (1.0 + np.exp(-0.5 * self.decision_function(X)))
                return np.column_stack([1.0 - p, p])

        model = make_pipeline(AUDA(phases=("onset",)), Doubled()).fit(smiles.data, smiles.target)
        page = Page(write_report(model, smiles.data[:1], tmp_path / "r.html",
                                 background=smiles.data).path)
        assert "In units of the model's decision value, which is no log-odds" in page.text()

    def test_a_model_that_says_the_same_of_all(self, smiles, tmp_path):
        model = make_pipeline(AUDA(phases=("onset",)), DummyClassifier(strategy="prior"))
        model.fit(smiles.data, smiles.target)
        page = Page(write_report(model, smiles.data[:1], tmp_path / "r.html").path)
        check_page(page)
        assert "Probability 50 %; the model hardly leans" in page.text()

    def test_calibrated(self, smiles, tmp_path):
        model = CalibratedSystem(AUDASVMEnsemble(levels=("au",), phases=("onset",)), cv=2)
        model.fit(smiles.data, smiles.target)
        found = write_report(model, smiles.data[:1], tmp_path / "r.html")
        np.testing.assert_allclose(found.decisions.iloc[:, 2:].to_numpy(float),
                                   model.predict_proba(smiles.data[:1]), rtol=1e-12)
        page = Page(found.path)
        check_page(page)
        assert "Within it: AUDASVMEnsemble: One SVM" in page.text()
        assert "It cannot be said" not in page.text()

    def test_one_that_abstains(self, smiles, tmp_path):
        inner = AUDASVMEnsemble(levels=("au",), phases=("onset",)).fit(smiles.data, smiles.target)
        model = SubjectConformalClassifier(FrozenEstimator(inner), 0.15, abstain_label="<dunno>")
        strangers = make_smile_signals(6, 2, random_state=3)
        model.fit(strangers.data, strangers.target)
        new = make_smile_signals(6, 2, random_state=5).data
        said = list(model.decide(new))
        k = said.index("<dunno>")
        other = next(i for i, label in enumerate(said) if label != "<dunno>")
        found = write_report(model, [new[k], new[other]], tmp_path / "r.html")
        assert list(found.decisions["decision"]) == ["<dunno>", said[other]]
        page = Page(found.path)
        check_page(page)
        assert "is more probable" in section(page, 1)
        assert "given that at most 15 % are to be wrong" in section(page, 1)
        assert f"Decision: {('posed', 'spontaneous')[said[other]]}." in section(page, 2)
        assert "1 <dunno>" in page.text()
        assert page.text().count("The strongest contributions") == 2

    def test_contributions_can_be_left_out(self, model, smiles, tmp_path, monkeypatch):
        monkeypatch.setattr("smilegenuine.report.clip_section.explain",
                            lambda *_, **__: pytest.fail("explained"))
        page = Page(write_report(model, smiles.data[:1], tmp_path / "r.html", title="<Mine>",
                                 contributions=False).path)
        check_page(page)
        assert page.text("h1") == "<Mine>"
        assert "What it rests on" not in page.text()


class TestOddClips:
    def test_no_smile(self, model, tmp_path):
        clips = [Clip(aus=np.zeros((3, 17)), fps=25), Clip(aus=np.zeros((40, 17)), fps=25),
                 Clip(aus=np.full((200, 17), 5.0), smile=np.ones(200), fps=200, name="all smile")]
        found = write_report(model, clips, tmp_path / "r.html")
        page = Page(found.path)
        check_page(page)
        assert list(found.decisions["clip"]) == ["item 0", "item 1", "all smile"]
        for k in (1, 2, 3):
            assert "No smile was found in it. What is measured in a phase that is not there" \
                in section(page, k)
            assert "No smile was found in this recording." in section(page, k)
        assert page.text().count("no smile found") == 3  # in the table, beside the decisions

    def test_no_timing(self, model, tmp_path):
        with pytest.warns(UserWarning, match="1 clips carry no timing"):
            found = write_report(model, [np.zeros((30, 17))], tmp_path / "r.html")
        assert "30 frames, 0.60 s, 50 a second" in Page(found.path).text()
        found = write_report(model, [np.zeros((30, 17))], tmp_path / "r.html", fps=25,
                             contributions=False)
        assert "30 frames, 1.20 s, 25 a second" in Page(found.path).text()

    def test_nothing_can_be_used(self, model, tmp_path):
        found = write_report(model, ["a.mp4", 3, Clip(aus=np.zeros((1, 17)), fps=25)],
                             tmp_path / "r.html")
        assert found.decisions.empty
        assert list(found.failures["clip"]) == ["a.mp4", "item 1", "item 2"]
        page = Page(found.path)
        check_page(page)
        assert "None of the recordings could be used." in page.text()
        assert "item 2: is too short" in page.text()


class TestWhatIsRefused:
    def test_models(self, smiles, tmp_path):
        file = tmp_path / "r.html"
        with pytest.raises(TypeError, match="must be a fitted classifier, not AUDA"):
            write_report(AUDA(), smiles.data, file)
        with pytest.raises(NotFittedError):
            write_report(AUDASVMEnsemble(), smiles.data, file)
        three = make_pipeline(AUDA(phases=("onset",)), DummyClassifier())
        three.fit(smiles.data, np.arange(12) % 3)
        with pytest.raises(TypeError, match="knows 3 classes; a classifier of two is needed"):
            write_report(three, smiles.data, file)
        assert not file.exists()

    @pytest.mark.parametrize(("clips", "error", "match"), [
        ([], ValueError, "no clips"), ("a.mp4", TypeError, "write \\[X\\]"),
        (None, TypeError, "must be a list")])
    def test_clips(self, model, clips, error, match, tmp_path):
        with pytest.raises(error, match=match):
            write_report(model, clips, tmp_path / "r.html")

    def test_a_folder(self, model, smiles, tmp_path):
        with pytest.raises(IsADirectoryError, match="is a folder; give the name of a file"):
            write_report(model, smiles.data[:1], tmp_path)

    def test_no_matplotlib(self, model, smiles, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        monkeypatch.setattr("smilegenuine.report.clip_report._reported",
                            lambda *_: pytest.fail("asked before it was known"))
        with pytest.raises(ImportError, match=r"smilegenuine\[plot\]"):
            write_report(model, smiles.data[:1], tmp_path / "r.html")

    def test_stopped_in_the_middle(self, model, smiles, tmp_path, monkeypatch):
        file = tmp_path / "r.html"
        file.write_text("before")
        asked = []

        def stop(*args, **options):
            asked.append(args)
            raise KeyboardInterrupt

        monkeypatch.setattr("smilegenuine.report.clip_report.clip_section", stop)
        with pytest.raises(KeyboardInterrupt):
            write_report(model, smiles.data[:1], file)
        assert len(asked) == 1
        assert file.read_text() == "before"
        assert [f.name for f in tmp_path.iterdir()] == ["r.html"]


@pytest.mark.slow
def test_several_processes_say_the_same(model, smiles, tmp_path):
    clips = [smiles.data[0], "missing.mp4", smiles.data[1], smiles.data[2]]
    texts = [write_report(model, clips, tmp_path / f"{n}.html", n_jobs=n).path.read_text("utf-8")
             for n in (1, 2)]
    assert texts[0] == texts[1]
