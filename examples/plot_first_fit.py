"""
A first fit
===========

Drawn people smile; the whole line learns from some of them and is asked about another.
"""

# %%
# Six people to learn from and one to ask about, lazy: they are drawn when they are read. Six are
# few: the answer shows how a system is asked, and not how good it is.
from smilegenuine import SignalsDisplay, make_system
from smilegenuine.datasets import make_smiles

smiles = make_smiles(n_subjects=7, clips_per_subject=2, fps=10, size=112, random_state=0)
known = smiles.groups != "s006"
train = [clip for clip, k in zip(smiles.data, known, strict=True) if k]
ask = [clip for clip, k in zip(smiles.data, known, strict=True) if not k]

# %%
# One pipeline from video to decision.
system = make_system("auda-svm", ensemble__levels=("au",))
system.fit(train, smiles.target[known])
for clip, p in zip(ask, system.predict_proba(ask), strict=True):
    print(f"{clip.name}: P(spontaneous) = {p[1]:.2f}")

# %%
# What it saw: the steps before the last give clips that know their faces, action units and smile.
measured = system[:-1].transform(ask)
display = SignalsDisplay.from_clip(measured[0])
