"""
An answer out of the box
========================

The pretrained model on drawn people, on a video of your own, and on a table: nothing to train,
nothing to label.
"""

import matplotlib.pyplot as plt
import numpy as np

from smilegenuine import Clip, KinematicsDisplay, load_pretrained
from smilegenuine.datasets import make_smiles
from smilegenuine.explain import reasons

# %%
# Put the path of a video here, and all below is about you. It needs ``smilegenuine[mediapipe]``.
VIDEO = None  # "smile.mp4"

# %%
# Drawn people's landmarks are known, so that these clips need no video; a tracker would miss them
# by a fifth of a pixel. Between two smiles of one person the face is at rest.
smiles = make_smiles(3, 2, random_state=4)
rest = np.repeat(smiles.landmarks[0][:1], 50, axis=0)
twice = np.concatenate([smiles.landmarks[0], rest, smiles.landmarks[1]])
faces = {clip.name: points for clip, points in zip(smiles.data, smiles.landmarks, strict=True)}
rng = np.random.default_rng(0)
clips = [Clip(landmarks=points + rng.normal(0.0, 0.2, points.shape), fps=25, name=name)
         for name, points in [*faces.items(), ("s000, twice", twice), ("s000, at rest", rest)]]

# %%
# Every smile of a recording is answered by itself. Where nobody smiles no class is made up.
model = load_pretrained("kinematics", labels=("posed", "spontaneous"))
print(model.find_smiles([VIDEO] if VIDEO else clips).round(2).to_string(index=False))

# %%
# Why: what was measured, what is usual for posed and for spontaneous smiles, and what it adds to
# the decision.
clip = VIDEO or clips[1]
why = reasons(model, clip)
print(why[["words", "direction", "contribution"]].head(5).round(2).to_string(index=False))
KinematicsDisplay.from_model(model, clip)

# %%
# Whoever has measured some of the figures needs no video either. What is missing is not guessed;
# the less is known, the less sure is the answer.
table = model["kinematics"].transform(clips[:4])
for known in ("lip_onset", "lip", ""):
    columns = [c for c in table if c.startswith(known)]
    p = model["classifier"].predict_proba(table[columns])[:, 1]
    print(f"{len(columns):2d} columns: P(spontaneous) {p.round(2)}")
plt.show()
