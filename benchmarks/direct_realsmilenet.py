"""RealSmileNet once more, a frame and a gate at a time, from the published description.

Weights are named as in the published code; pictures lie as it feeds them, whichever way that is.
Nothing here knows how the package computes it: no batches, no padding, no packed frames.
"""

from __future__ import annotations

import numpy as np

#: What `g`, `theta` and `phi` of the published non-local block have: half of the eight channels.
SHAPES = {
    "TA.conv": (3, 3, 3, 3), "encoder.1.conv": (4, 3, 3, 3), "encoder.3.conv": (6, 4, 3, 3),
    "decoder.cell.conv": (32, 14, 3, 3), "pool.0.g.0": (4, 8, 1, 1), "pool.0.W.0": (8, 4, 1, 1),
    "pool.0.theta": (4, 8, 1, 1), "pool.0.phi.0": (4, 8, 1, 1), "pool.2.conv": (10, 8, 2, 2),
    "pool.5": (1, 250),
}
NORMS = {"encoder.0": 3, "encoder.1.bn": 4, "encoder.3.bn": 6, "pool.0.W.1": 8, "pool.2.bn": 10}


def random_weights(seed):
    """Weights of the published names and shapes, batch-norm statistics among them."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in SHAPES.items():
        weights[f"{name}.weight"] = rng.normal(0, 0.3, shape)
        weights[f"{name}.bias"] = rng.normal(0, 0.3, shape[0])
    for name, n in NORMS.items():
        weights[f"{name}.weight"] = rng.normal(1, 0.3, n)
        weights[f"{name}.bias"] = rng.normal(0, 0.3, n)
        weights[f"{name}.running_mean"] = rng.normal(0, 0.3, n)
        weights[f"{name}.running_var"] = rng.uniform(0.5, 2.0, n)
        weights[f"{name}.num_batches_tracked"] = np.array(7)
    return weights


def logit(weights, clip):
    """The logit of one clip of shape (T, 3, 48, 48)."""
    hidden, cell = np.zeros((8, 12, 12)), np.zeros((8, 12, 12))
    for t, frame in enumerate(clip):
        change = frame - clip[t - 1] if t > 0 else np.zeros_like(frame)
        seen = frame + frame * convolved(weights, "TA.conv", change, padding=1)
        x = normed(weights, "encoder.0", seen)
        for block in ("encoder.1", "encoder.3"):
            x = convolved(weights, f"{block}.conv", x, padding=1)
            x = halved(np.maximum(normed(weights, f"{block}.bn", x), 0.0))
        gates = convolved(weights, "decoder.cell.conv", np.concatenate([x, hidden]), padding=1)
        cell = sigmoid(gates[8:16]) * cell + sigmoid(gates[0:8]) * np.tanh(gates[24:32])
        hidden = sigmoid(gates[16:24]) * np.tanh(cell)
    x = halved(non_local(weights, hidden))
    x = np.maximum(normed(weights, "pool.2.bn", convolved(weights, "pool.2.conv", x)), 0.0)
    return float(weights["pool.5.weight"][0] @ x.ravel() + weights["pool.5.bias"][0])


def non_local(weights, x):
    """Each place gets the mean over pooled places of how alike the two are, times what is there."""
    theta = convolved(weights, "pool.0.theta", x)
    phi = greatest(convolved(weights, "pool.0.phi.0", x))
    g = greatest(convolved(weights, "pool.0.g.0", x))
    places = [(r, c) for r in range(phi.shape[1]) for c in range(phi.shape[2])]
    found = np.zeros_like(theta)
    for r in range(x.shape[1]):
        for c in range(x.shape[2]):
            for place in places:
                alike = theta[:, r, c] @ phi[(slice(None), *place)] / len(places)
                found[:, r, c] += alike * g[(slice(None), *place)]
    return x + normed(weights, "pool.0.W.1", convolved(weights, "pool.0.W.0", found))


def convolved(weights, name, x, padding=0):
    """What a convolution gives, summed up tap by tap."""
    kernel, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    size = kernel.shape[2]
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    out = np.tile(bias[:, None, None], (1, height, width))
    for r in range(size):
        for c in range(size):
            out += np.tensordot(kernel[:, :, r, c], x[:, r:r + height, c:c + width], axes=1)
    return out


def normed(weights, name, x):
    """What a batch norm gives that is not in training."""
    mean, var, gain, offset = (weights[f"{name}.{part}"][:, None, None] for part in
                               ("running_mean", "running_var", "weight", "bias"))
    return (x - mean) / np.sqrt(var + 1e-5) * gain + offset


def halved(x):
    """Means of two by two."""
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def greatest(x):
    """The greatest of two by two."""
    return np.maximum(np.maximum(x[:, ::2, ::2], x[:, 1::2, ::2]),
                      np.maximum(x[:, ::2, 1::2], x[:, 1::2, 1::2]))


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))
