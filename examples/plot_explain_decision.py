"""
Why this decision: which muscle, which moment
=============================================

Decisions are taken apart twice: of smiles in which one thing alone tells the classes apart, so that
there is a right answer, and of smiles that differ in many things at once, as on UvA-NEMO.
"""

# %%
# **One thing differs: how strongly the cheeks are raised, AU06.** These are signals of drawn
# people, as an action-unit tool would report them. The last ten people are kept out.
import numpy as np

from smilegenuine import AUDASVMEnsemble, FaceAligner, StackingFusion
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.datasets import make_smile_signals, make_smiles
from smilegenuine.explain import explain
from smilegenuine.plotting import (
    ContributionsDisplay,
    ImportanceDisplay,
    PairMapDisplay,
    PhaseMapDisplay,
)
from smilegenuine.plotting.face_strip import FaceStripDisplay

smiles = make_smile_signals(40, 4, fps=25, difference="au06", random_state=0)
kinds = np.array(smiles.target_names)[smiles.target]
new = np.isin(smiles.groups, np.unique(smiles.groups)[-10:])


def known_and_new(clips):
    return ([clip for clip, n in zip(clips, new, strict=True) if not n],
            [clip for clip, n in zip(clips, new, strict=True) if n])


known, strangers = known_and_new(smiles.data)
model = AUDASVMEnsemble(levels=("au",)).fit(known, kinds[~new])
print(f"right about {model.score(strangers, kinds[new]):.0%} of {new.sum()} clips of new people")

# %%
# One decision, of the clip that the model is surest of. At the left: the smile and the units that
# count most, and below them what each moment adds; a slope counts where it is steepest. At the
# right: which unit in which phase. All numbers are log-odds. Blue, upward and + speak for
# spontaneous; orange, hatched and − for posed. They add up to what the clip adds to the baseline,
# which is a smile with the mean features of all that the model was trained on.
surest = int(np.argmax(np.abs(model.decision_function(strangers))))
ContributionsDisplay.from_estimator(model, strangers[surest])

# %%
# The person, as drawn: with the same `random_state` the motion is the same.
person = known_and_new(make_smiles(40, 4, difference="au06", random_state=0).data)[1][surest]
FaceStripDisplay.from_clip(FaceAligner().transform([person])[0].replace(
    smile=strangers[surest].smile))

# %%
# All new people. In how many of their clips does AU06 count most?
found = [explain(model, clip, n_steps=16) for clip in strangers]
units = np.array([of_clip.by_au() for of_clip in found])  # (clips, 17)
first = np.array(AU_NAMES)[np.abs(units).argmax(axis=1)]
right = model.predict(strangers) == kinds[new]
print(f"AU06 counts most in {np.mean(first == 'AU06'):.0%} of all clips, in "
      f"{np.mean(first[right] == 'AU06'):.0%} of those that the model is right about, in "
      f"{np.mean(first[~right] == 'AU06'):.0%} of the others")
mean = np.abs(units).mean(axis=0)
print("mean magnitude (log-odds):", ", ".join(f"{AU_NAMES[k]} {mean[k]:.2f}"
                                              for k in np.argsort(-mean)[:3]))
for au in ("AU06", "AU12"):
    k = AU_NAMES.index(au)
    highest = [np.max(clip.aus[:, k]) for clip in strangers]
    print(f"{au} speaks for spontaneous, the higher it goes: "
          f"r = {np.corrcoef(highest, units[:, k])[0, 1]:+.2f}")

# %%
# Not in all: the model was fitted on 120 clips, and where it errs it goes by other units more
# often. AU12, the lip corners, comes second though it moves alike in both classes, and it counts
# the other way round: the model asks how far the cheeks go up *for such a smile*. So a unit can
# matter to a decision though it tells nothing by itself.
#
# The same question put otherwise: how much worse is the model if a unit, or a phase, comes from
# somebody else's clip?
ImportanceDisplay.from_estimator(model, strangers, kinds[new], by=("au", "phase"), n_repeats=3)

# %%
# **Many things differ**, in size as on UvA-NEMO. Two branches, one of which looks at units and one
# at pairs of units, and their fusion. How much of the decision is whose stands at the lower right.
# The clip that this model is surest of comes up within 0.4 s, and that speaks for posed: most of
# what counts is in the onset, or in features of the whole smile.
smiles = make_smile_signals(40, 4, fps=25, random_state=0)
known, strangers = known_and_new(smiles.data)
model = StackingFusion([("units", AUDASVMEnsemble(levels=("au",))),
                        ("pairs", AUDASVMEnsemble(levels=("cross",)))], fuse="proba", cv=3)
model.fit(known, kinds[~new])
print(f"right about {model.score(strangers, kinds[new]):.0%} of {new.sum()} clips of new people")
surest = int(np.argmax(np.abs(model.decision_function(strangers))))
why = explain(model, strangers[surest])
ContributionsDisplay.from_explanation(why)

# %%
# All its units by phase. AU12 says the most, and most of the others say the same more quietly.
PhaseMapDisplay.from_explanation(why, n=17)

# %%
# All its pairs. There are 136; those with AU12 and AU06 count most, and none adds more than two
# hundredths.
PairMapDisplay.from_explanation(why)

# %%
# Over all new people. If AU12 comes from somebody else's clip, the model loses nothing: the other
# units still say how the smile came. It is the onset that it would miss, and with ten people not
# even that is sure. (One of 17 intervals stays clear of zero, as one might by chance.) An
# importance near zero does not mean that smiles do not differ in a unit.
ImportanceDisplay.from_estimator(model, strangers, kinds[new], n_repeats=2)
