"""
The drawn people, and how near their smiles come
================================================

No recording of a person ships with the package: what ships is a generator. Here are its people,
their curves, and their figures beside those measured on UvA-NEMO.
"""

# %%
# People. The clips are lazy: a frame is drawn when it is read.
from itertools import islice

import matplotlib.pyplot as plt
import numpy as np

from smilegenuine import AU_NAMES
from smilegenuine.datasets import calibration_table, make_smile_signals, make_smiles

smiles = make_smiles(n_subjects=8, clips_per_subject=1, fps=12.5, random_state=3)
figure, axes = plt.subplots(2, 8, figsize=(16, 4.4), layout="constrained")
for (first, second), clip, smile, age in zip(axes.T, smiles.data, smiles.smile, smiles.age,
                                             strict=True):
    first.imshow(next(iter(clip.frames)))
    second.imshow(next(islice(clip.frames, int(np.argmax(smile)), None)))
    first.set_title(f"{clip.subject}, {age} years")
    first.axis("off")
    second.axis("off")
figure.suptitle("First frame, and widest smile")

# %%
# Curves. `make_smile_signals` gives the motion without the pictures; with the same `random_state`
# and the same clips a subject it is the motion of the clips above. Phases are known, not found.
signals = make_smile_signals(n_subjects=120, clips_per_subject=2, random_state=0)
figure, axes = plt.subplots(3, 2, figsize=(11, 6.5), sharex="col", sharey="row",
                            layout="constrained")
for column, label in zip(axes.T, (0, 1), strict=True):
    i = int(np.flatnonzero(signals.target == label)[2])
    times = signals.times[i]
    column[0].plot(times, signals.lips[i], label=["left", "right"])
    column[1].plot(times, signals.eyelids[i], label=["left", "right"])
    for au in ("AU06", "AU12", "AU25", "AU45"):
        column[2].plot(times, signals.aus[i][:, AU_NAMES.index(au)], label=au)
    for name, shade in (("onset", "0.93"), ("apex", "0.85"), ("offset", "0.93")):
        span = signals.phases[i][name]
        for axis in column:
            axis.axvspan(times[span.start], times[min(span.stop, len(times) - 1)], color=shade)
    column[0].set_title(signals.target_names[label])
    column[2].set_xlabel("time (s)")
for axis, name in zip(axes[:, 0], ("lip corner from mid-mouth\n(lip widths)",
                                   "upper lid over eye corners\n(eye widths)",
                                   "action units (0–5)"), strict=True):
    axis.set_ylabel(name)
for axis in axes[:, 1]:
    axis.legend(loc="upper right", fontsize="small")

# %%
# Calibration: the quantiles (5, 25, 50, 75, 95 %) of each kind, published and measured on two
# thousand clips with the same definitions.
many = make_smile_signals(n_subjects=645, random_state=0)
table = calibration_table(many)
shown = ["lip_onset_duration_s", "lip_apex_duration_s", "lip_offset_duration_s", "lip_onset_rise",
         "lip_onset_peak_speed_per_s", "lip_apex_wobble", "eyelid_onset_duration_s",
         "eyelid_onset_rise", "eyelid_offset_fall", "eyelid_apex_wobble", "video_s", "smile_s"]
figure, axes = plt.subplots(3, 4, figsize=(13, 7), layout="constrained")
quantiles = table[table.measure == "quantile"]
for axis, name in zip(axes.flat, shown, strict=True):
    for kind, colour in (("posed", "C0"), ("spontaneous", "C1")):
        part = quantiles[(quantiles.figure == name) & (quantiles.kind == kind)]
        axis.plot(part.against, part.published, color=colour, marker="o", markersize=7,
                  fillstyle="none", label=f"{kind}, UvA-NEMO")
        axis.plot(part.against, part.measured, color=colour, marker="x", linestyle=":",
                  label=f"{kind}, drawn")
    axis.set_title(name, fontsize="medium")
axes[0, 0].legend(fontsize="x-small")
for axis in axes[-1]:
    axis.set_xlabel("quantile")

# %%
# Effect sizes between the kinds, and rank correlations within them: on the diagonal they would be
# the same as published.
figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
for axis, measure in zip(axes, ("effect size", "rank correlation"), strict=True):
    part = table[table.measure == measure]
    axis.axline((0, 0), slope=1, color="0.8")
    axis.scatter(part.published, part.measured, s=14)
    axis.set_title(measure)
    axis.set_xlabel("published")
    axis.set_ylabel("measured on drawn smiles")
print(table[table.measure == "effect size"][["figure", "published", "measured"]]
      .round(2).to_string(index=False))
