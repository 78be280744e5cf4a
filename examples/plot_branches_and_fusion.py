"""
Branches and their fusion
=========================

Three branches of the paper's system and their late fusion, compared over folds by subject; then
what each branch says of people whom nobody was trained on, and how one of them was trained.
"""

import matplotlib.pyplot as plt
import numpy as np

from smilegenuine import evaluate, make_system
from smilegenuine.datasets import make_smile_signals
from smilegenuine.systems.named_systems import set_networks

# %%
# Signals without pictures: the motion of drawn people, as an action-unit tool would report it.
smiles = make_smile_signals(20, 4, random_state=0)
names = ("auda-frame", "auda-au", "auda-cross", "auda-fusion")
systems = {name: set_networks(make_system(name, random_state=0), max_epochs=8) for name in names}

found = evaluate(systems, smiles.data, smiles.target, smiles.groups, cv=3)
print(found.to_markdown(reference="auda-fusion"))

# %%
# One fit, with the last five people kept out. The fusion holds some more subjects from its
# branches, and each branch holds some from its training, to know when to stop.
new = np.isin(smiles.groups, np.unique(smiles.groups)[-5:])
old = [clip for clip, n in zip(smiles.data, new, strict=True) if not n]
strangers = [clip for clip, n in zip(smiles.data, new, strict=True) if n]
fusion = systems["auda-fusion"].fit(old, smiles.target[~new])[-1]
said = fusion.decision_values(strangers)
print(f"the top was fitted on {', '.join(fusion.fusion_subjects_)}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for kind, colour in ((0, "tab:orange"), (1, "tab:blue")):
    mine = smiles.target[new] == kind
    left.plot(said.columns, said[mine].T / said.std().to_numpy()[:, None], color=colour, alpha=0.5,
              marker=".", linewidth=0.8)
    left.plot([], [], color=colour, label=smiles.target_names[kind])
left.axhline(0, color="grey", linewidth=0.8)
left.set(title="What the branches say of strangers", ylabel="decision (sd)")
left.legend()
history = fusion.named_estimators_["auda_cross"].history_
right.plot(history["epoch"], history["train_loss"], label="training, with penalty")
right.plot(history["epoch"], history["valid_loss"], label="subjects held out")
kept = history.loc[history["valid_loss"].idxmin()]
right.plot(kept["epoch"], kept["valid_loss"], "o", color="tab:orange", label="kept")
right.set(title="Training of the cross-AU branch", xlabel="epoch", ylabel="loss")
right.legend()
plt.show()
