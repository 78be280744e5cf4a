"""The report of a model that answers for each smile: what leads, what is decided, and why."""

from __future__ import annotations

import re
from html import unescape

import numpy as np
import pandas as pd
import pytest
from drawn import known_meshes
from html_page import NASTY, Page, check_page, shown
from smiling import smiling

from smilegenuine import adapt, load_pretrained
from smilegenuine.answers.recordings import answer_recording
from smilegenuine.answers.smile_answers import answers_by_smile, ask_by_smile
from smilegenuine.classifiers.kinematics_classifier import KinematicsClassifier
from smilegenuine.clips.record import Clip
from smilegenuine.explain import reasons
from smilegenuine.features.smile_kinematics import KINEMATICS, SmileKinematics
from smilegenuine.report import write_report
from smilegenuine.report.pictures import smile_curves, smile_strips
from smilegenuine.report.sampled_models import expected_text

pytest.importorskip("matplotlib")
LABELS = ("posed", "spontaneous")


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [smiling([1.0], 4.0, name="one"), smiling([1.0, 6.0], 9.0, pace=2.0, name="two"),
            smiling([], 3.0, name="none")]


def deciding(least: float = 0.5, labels=LABELS):
    """The pretrained model, which decides where it is as certain as this."""
    return load_pretrained(labels=labels).set_params(classifier__least_certainty=least)


@pytest.fixture(scope="module")
def done(clips, tmp_path_factory):
    """A report about one smile, two, none, and a file that is not there."""
    return write_report(deciding(), [*clips, "gone.mp4"], tmp_path_factory.mktemp("r") / "r.html")


@pytest.fixture(scope="module")
def page(done) -> Page:
    return Page(done.path)


def sections(page: Page) -> dict[int, str]:
    """The words of each recording's section, by its number."""
    parts = re.findall(r'<section class="clip" id="clip-(\d+)">(.*?)</section>', page.source,
                       re.DOTALL)
    return {int(k): " ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split())
            for k, part in parts}


def source_of(page: Page, number: int) -> str:
    return page.source.partition(f'id="clip-{number}">')[2].partition("</section>")[0]


class TestPage:
    def test_is_whole_and_safe(self, page):
        check_page(page)
        assert "What the pretrained model kinematics says about 4 recordings" in page.text("h1")

    def test_decisions_for_programs(self, done, clips):
        expected = deciding().find_smiles(clips)
        found = done.decisions
        assert list(found) == [*expected.columns, "why"]
        assert found["smile"].tolist() == expected["smile"].tolist() == [1, 1, 2, 0]
        assert found["decision"].tolist() == expected["decision"].tolist()
        numbers = ["start", "end", "P(posed)", "P(spontaneous)"]
        np.testing.assert_allclose(found[numbers], expected[numbers], atol=6e-4)
        assert done.failures.to_dict("records") == [
            {"clip": "gone.mp4", "error": "gone.mp4: no such file"}]

    def test_table_above_all(self, page, done):
        said = done.decisions["decision"][:3].tolist()
        counts = ", ".join(f"{said.count(word)} {word}" for word in LABELS if word in said)
        assert f"3 smiles in 3 of 4 recordings: {counts}." in page.text()
        assert "no smile found" in page.text("td")
        assert [a["href"] for a in page.of("a")] == [
            "#card", "#clip-1", "#clip-2", "#clip-2", "#clip-3"]

    def test_one_smile(self, page, done, clips):
        text, row = sections(page)[1], done.decisions.iloc[0]
        sure = max(row["P(posed)"], row["P(spontaneous)"])
        assert text.startswith(f"one Decision: {row['decision']} . Probability {100 * sure:.0f} %")
        assert expected_text(deciding().info_).split(";")[0] in text
        assert f"Smile 1, from {row['start']:.2f} to {row['end']:.2f} s" in text
        assert f"{clips[0].n_frames} frames, 4.00 s, 25 a second" in text
        assert text.count("Decision:") == 1
        assert "Phases" not in text

    def test_several_smiles(self, page, done):
        text, rows = sections(page)[2], done.decisions.iloc[1:3]
        said = rows["decision"].tolist()
        counts = ", ".join(f"{said.count(word)} {word}" for word in LABELS if word in said)
        assert text.startswith(f"two 2 smiles: {counts} .")
        for k, (_, row) in enumerate(rows.iterrows(), 1):
            part = text.partition(f"Smile {k}, from {row['start']:.2f}")[2]
            assert part.split("Decision: ")[1].startswith(row["decision"])
        assert text.count("It rests on:") == 2
        assert text.count("About three in four") == 1

    def test_reasons_are_those_of_the_model(self, page, clips):
        text = sections(page)[1]
        rows = reasons(deciding(), clips[0])
        for row in rows[:5].to_dict("records"):
            words = f"{row['words'][0].upper()}{row['words'][1:]}, {row['direction']}"
            assert f"{words}: speaks for {row['speaks_for']} (" in text
        assert f"All {len(rows)} figures in numbers" in text

    def test_no_smile_leads_and_nothing_is_decided(self, page):
        text = sections(page)[3]
        assert text.startswith("none No smile was found in this recording.")
        for word in ("Decision", "decision", "Probability", "expected", "rests", "Smile"):
            assert word not in text, word
        assert "Curves over time: lip corners and eyelids; no smile." in source_of(page, 3)

    def test_pictures(self, page):
        assert [source_of(page, k).count("<img") for k in (1, 2, 3)] == [2, 3, 1]

    def test_card(self, page):
        card = page.text().partition("About the model")[2]
        for words in ("On recordings of people: not known", "younger children",
                      "not for screening for deception"):
            assert words in card, words


class TestCannotTell:
    def test_not_certain_enough(self, clips, tmp_path):
        found = write_report(deciding(0.9999), clips[:1], tmp_path / "r.html")
        assert found.decisions["decision"].tolist() == ["cannot tell"]
        assert found.decisions["why"].tolist() == ["neither class is probable enough"]
        page = Page(found.path)
        check_page(page)
        assert re.search(r"Decision: cannot tell \. (Posed|Spontaneous) would be more probable, "
                         r"\d+ %, which is less than the > 99 % that are asked for\.",
                         sections(page)[1])
        assert "What the pretrained model kinematics says about one" in page.text("h1")

    def test_like_nothing_that_was_learnt(self, clips, tmp_path, monkeypatch):
        monkeypatch.setattr(KinematicsClassifier, "unusual",
                            lambda self, X: np.ones(len(X), bool))
        found = write_report(deciding(), clips[:1], tmp_path / "r.html")
        assert found.decisions["why"].tolist() == ["it is like no smile that the model knows"]
        assert "Decision: cannot tell . It is like no smile that the model knows." in sections(
            Page(found.path))[1]

    def test_nothing_of_it_can_be_measured(self, clips, tmp_path, monkeypatch):
        original = SmileKinematics.find_smiles

        def blind(self, clip):
            return [smile._replace(figures=dict.fromkeys(KINEMATICS, np.nan))
                    for smile in original(self, clip)]

        monkeypatch.setattr(SmileKinematics, "find_smiles", blind)
        found = write_report(deciding(), clips[:1], tmp_path / "r.html")
        assert found.decisions[["smile", "decision", "why"]].to_numpy().tolist() == [
            [1, "cannot tell", "nothing of it could be measured"]]
        text = sections(Page(found.path))[1]
        assert "Decision: cannot tell . Nothing of it could be measured." in text
        assert "It rests on" not in text
        assert "onset and apex and offset" in text


class TestOtherwise:
    def test_names_are_text(self, clips, tmp_path):
        model = deciding(labels=("<b>fake</b>", "réal"))
        page = Page(write_report(model, [clips[0].replace(name=NASTY, subject=NASTY), clips[1]],
                                 tmp_path / "r.html").path)
        check_page(page)
        assert "\x1b" not in page.source
        for inside in ("td", "h2", "dd"):
            assert shown(NASTY).strip() in page.text(inside), inside
        assert "Usual for <b>fake</b>" in page.text("th")
        assert "P(réal)" in page.text("th")

    def test_without_reasons(self, clips, tmp_path):
        page = Page(write_report(deciding(), clips[:1], tmp_path / "r.html",
                                 contributions=False).path)
        check_page(page)
        assert "rests on" not in page.text()
        assert "Decision: " in page.text()

    def test_labels_that_are_numbers(self, clips, tmp_path):
        found = write_report(deciding(labels=(0, 1)), clips, tmp_path / "r.html")
        assert set(found.decisions["decision"]) <= {0, 1, "no smile found"}
        assert list(found.decisions.columns[5:7]) == ["P(0)", "P(1)"]
        assert "P(spontaneous)" in Page(found.path).text("th")

    def test_a_model_of_which_nothing_is_remembered(self, clips, tmp_path):
        model = deciding()
        model.info_ = {}
        text = Page(write_report(model, clips[:2], tmp_path / "r.html").path).text()
        assert "What KinematicsClassifier says about 2 recordings" in text
        assert text.count("it remembers no scores by subject") == 3  # of each smile
        assert "three in four" not in text

    def test_an_adapted_model_says_so_and_why(self, clips, tmp_path):
        known = known_meshes(4, 2, random_state=1)
        model = adapt(load_pretrained(labels=LABELS), known.data, np.array(LABELS)[known.target])
        model["classifier"].prior.set_params(least_certainty=0.5)
        done = write_report(model, clips[:1], tmp_path / "r.html")
        page = Page(done.path)
        check_page(page)
        assert "This model has been adapted to 8 clips of 4 subjects" in page.text()
        assert "What the pretrained, adapted model kinematics says about" in page.text("h1")
        strongest = reasons(model, clips[0]).iloc[0]
        assert strongest["words"][1:] in page.text()
        assert done.decisions["decision"].tolist() == model.find_smiles(clips[:1])[
            "decision"].tolist()

    def test_very_many_smiles(self, tmp_path, monkeypatch):
        monkeypatch.setattr("smilegenuine.report.kinematics_section._MOST", 2)
        clip = smiling([1.0, 5.0, 9.0], 13.0, pace=2.0, name="three")
        text = sections(Page(write_report(deciding(), [clip], tmp_path / "r.html").path))[1]
        assert "More is said below of the 2 smiles that move the lips most." in text
        assert text.count("It rests on:") == 2
        assert text.startswith("three 3 smiles:")

    def test_too_few_frames_with_a_face(self, clips, tmp_path):
        valid = np.arange(clips[0].n_frames) < 3
        found = write_report(deciding(), [clips[0].replace(valid=valid)], tmp_path / "r.html")
        assert found.decisions.empty
        assert "only 3 of 100 frames have a face" in found.failures["error"][0]

    def test_action_units_alone(self, tmp_path):
        found = write_report(deciding(), [Clip(aus=np.zeros((50, 17)), fps=25, name="table")],
                             tmp_path / "r.html")
        assert found.failures["error"][0].startswith("table: has neither landmarks nor pictures")


class TestPictures:
    def test_faces_are_those_of_the_smile_and_read_once(self, clips):
        """Each frame shows its own number as its grey."""
        class Frames(list):
            reads = 0

            def __iter__(self):
                Frames.reads += 1
                return super().__iter__()

        clip = clips[1]
        frames = np.zeros((clip.n_frames, 160, 160, 3), np.uint8)
        frames += np.arange(clip.n_frames, dtype=np.uint8)[:, None, None, None]
        shown_clip = clip.replace(frames=frames)
        shown_clip.__dict__["frames"] = Frames(frames)
        smiles = deciding().measured([clip])[0]
        strips = smile_strips(shown_clip, smiles)
        assert len(strips) == 2
        assert Frames.reads == 1
        for strip, smile in zip(strips, smiles, strict=True):
            when = [float(t) for t in re.findall(r"The face at ([\d.]+) s", strip)]
            np.testing.assert_allclose(
                when, [smile.start, 0.5 * (smile.start + smile.end), smile.end], atol=0.5 / 25)

    def test_without_pictures(self, clips):
        smiles = deciding().measured(clips[:1])[0]
        assert smile_strips(clips[0], smiles) == [None]
        unseen = clips[0].replace(valid=np.zeros(clips[0].n_frames, bool))
        assert smile_strips(unseen, smiles) == [None]
        assert smile_curves(unseen, smiles) is None

    def test_curves_say_when_the_smiles_are(self, clips):
        smiles = deciding().measured(clips[1:2])[0]
        drawn = smile_curves(clips[1], smiles)
        for k, smile in enumerate(smiles, 1):
            assert f"smile {k} from {smile.start:.2f} to {smile.end:.2f} s" in drawn


class TestSmileAnswers:
    def test_which_models_tell(self):
        model = deciding()
        assert answers_by_smile(model)
        assert not answers_by_smile(model["classifier"])
        assert not answers_by_smile(None)

    def test_without_reasons_there_is_no_why(self, clips):
        told = ask_by_smile(deciding(), clips[0], reasons=False)
        assert [t.why for t in told] == [""]
        assert told[0].reasons.empty

    def test_rows_can_be_made_a_table(self, clips):
        model = deciding()
        rows = [row for clip in clips for row in answer_recording(model, clip).rows]
        table = pd.DataFrame(rows)
        assert table["smile"].tolist() == [1, 1, 2, 0]
        assert table.iloc[3][["start", "end", "P(posed)", "P(spontaneous)"]].isna().all()

    def test_a_recording_cut_off_in_the_smile(self, tmp_path):
        clip = smiling([1.0], 2.2, name="cut")
        text = sections(Page(write_report(deciding(), [clip], tmp_path / "r.html").path))[1]
        assert "Not measured: apex and offset, not whole in the recording." in text
