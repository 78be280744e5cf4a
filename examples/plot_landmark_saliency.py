"""
Where a network looks on the face
=================================

A network on landmarks learns smiles in which one thing tells the classes apart: how strongly the
muscle around the eyes joins in (AU06). Its decisions are taken apart, point by point and frame by
frame, and what they rest on is compared with what was built in.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from smilegenuine import LandmarkTransformerClassifier
from smilegenuine.datasets import make_smiles
from smilegenuine.explain import landmark_saliency
from smilegenuine.face.mesh import align_head
from smilegenuine.face.mesh_regions import REGIONS
from smilegenuine.plotting import LandmarkSaliencyDisplay

# %%
# Drawn people, whose true landmarks are known: no picture has to be drawn or measured. The last
# eight people are kept out of training.
smiles = make_smiles(40, 4, difference="au06", fps=10, random_state=0)
clips = [clip.replace(landmarks=mesh, times=times) for clip, mesh, times in
         zip(smiles.data, smiles.landmarks, smiles.times, strict=True)]
kinds = np.array(smiles.target_names)[smiles.target]
new = np.isin(smiles.groups, np.unique(smiles.groups)[-8:])
strangers = [clip for clip, n in zip(clips, new, strict=True) if n]

clf = LandmarkTransformerClassifier(max_epochs=30, random_state=0)
clf.fit([clip for clip, n in zip(clips, new, strict=True) if not n], kinds[~new])
print(f"right about {clf.score(strangers, kinds[new]):.0%} of {new.sum()} clips of new people")

# %%
# One decision. On the face: which points' movement speaks for which class, summed over time. Beside
# it: when. The decision is the mean over windows, and a frame counts as often as they see it: hence
# the jumps, and a gap where a frame lies in none.
shown = np.flatnonzero(kinds[new] == "spontaneous")[np.argmax(
    clf.decision_function(strangers)[kinds[new] == "spontaneous"])]
LandmarkSaliencyDisplay.from_estimator(clf, strangers[shown])

# %%
# The same on the frame that counts most.
LandmarkSaliencyDisplay.from_estimator(clf, strangers[shown], on_frame=True)

# %%
# All new people: which part of the face speaks for which class, in the mean of a point, beside what
# was built in: by how many standard deviations a point moves further in spontaneous smiles.
found = landmark_saliency(clf, strangers, n_steps=4)
saliency = np.array([of_clip.by_point() for of_clip in found]).mean(axis=0)
reach = np.array([np.linalg.norm(head - head[0], axis=2).max(axis=0)
                  for head in (align_head(clip.landmarks) for clip in clips)])
built_in = np.subtract(*(reach[kinds == kind].mean(axis=0) for kind in ("spontaneous", "posed")))
built_in /= reach.std(axis=0)
table = pd.DataFrame({"built in (sd)": {part: built_in[p].mean() for part, p in REGIONS.items()},
                      "saliency (log-odds a point)":
                          {part: saliency[p].mean() for part, p in REGIONS.items()}})
print(table.round(3).to_string())

figure, axes = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="constrained")
for axis, (name, values) in zip(axes, table.items(), strict=True):
    axis.barh(table.index, values, color=np.where(values > 0, "#0072B2", "#D55E00"))
    axis.axvline(0, color="black", linewidth=0.6)
    axis.set_xlabel(name)
axes[0].invert_yaxis()
plt.show()

# %%
# Temples and eyes, where AU06 pulls, speak for spontaneous, as built in. But the lips speak against
# it, and they move alike in both classes: as they would if the network weighs how far the eyes go
# along *for such a smile*. So a part of the face can matter to a decision though it tells nothing
# by itself, and a saliency says what a network uses, not what is true of smiles.
