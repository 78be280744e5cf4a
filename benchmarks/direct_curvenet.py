"""MeshSmileNet once more, a point, a curve and a token at a time, from the published description.

Weights are named as in the published code. Nothing here knows how the package computes it: pairs of
neighbours are made as they are written, each 1×1 convolution is a product with one vector at a
time, and batch norm comes after it.
"""

from __future__ import annotations

import math

import numpy as np
import torch

#: The blocks: name, incoming channels, channels inside, outgoing channels.
BLOCKS = (("encoder.cic11", 32, 16, 32), ("encoder.cic12", 32, 8, 64),
          ("encoder.cic21", 64, 32, 128), ("encoder.cic22", 128, 32, 256))
N_POINTS, N_NEIGHBOURS, N_CURVES, CURVE_LENGTH, N_TOKENS, N_HEADS = 478, 20, 100, 5, 32, 4


def shapes():
    """Names of convolutions and linear layers with their shapes, and of norms with their sizes."""
    matrices = {"encoder.lpfa.mlp.0.0": (32, 9, 1, 1), "encoder.conv0.0": (256, 256, 1),
                "downsample.0": (N_TOKENS, N_POINTS, 1), "mlp_head.1": (1, 256)}
    norms = {"encoder.lpfa.mlp.0.1": 32, "encoder.conv0.1": 256, "downsample.1": N_TOKENS}
    for name, into, c, out in BLOCKS:
        half = c // 2
        parts = {
            "conv1": (c, into, 1), "conv2": (out, c, 1), "lpfa.xyz2feature": (c, 9, 1, 1),
            "lpfa.mlp.0": (c, c, 1, 1), "curvegrouping.walk.agent_mlp": (1, 2 * c, 1, 1),
            "curvegrouping.walk.momentum_mlp": (2, 2 * c, 1),
            "curveaggregation.convd": (c, 2 * half, 1)}
        if into != out:
            parts["shortcut"] = (out, into, 1)
        for part, shape in parts.items():
            matrices[f"{name}.{part}.0"] = shape
            norms[f"{name}.{part}.1"] = shape[0]
        matrices[f"{name}.curvegrouping.att"] = (1, c, 1)
        matrices[f"{name}.curveaggregation.line_conv_att"] = (1, c, 1, 1)
        for letter, n in (("a", c), ("b", c), ("c", c), ("n", half), ("l", half)):
            matrices[f"{name}.curveaggregation.conv{letter}"] = (half, n, 1)
    for layer in layers():
        matrices |= {f"{layer}.0.fn.to_qkv": (768, 256), f"{layer}.0.fn.to_out.0": (256, 256),
                     f"{layer}.1.fn.net.0": (512, 256), f"{layer}.1.fn.net.3": (256, 512)}
    return matrices, norms


def layers():
    """Names of the transformers' layers, in their order."""
    return [*(f"transformer.layers.{i}" for i in range(6)), *(f"time.layers.{i}" for i in range(3))]


def random_weights(seed):
    """Weights of the published names and shapes, batch-norm statistics among them."""
    rng = np.random.default_rng(seed)
    matrices, norms = shapes()
    weights = {}
    for name, shape in matrices.items():
        weights[f"{name}.weight"] = rng.normal(0, 1.5 / math.sqrt(shape[1]), shape)
    for name in ("mlp_head.1", *(n for n in matrices if ".net." in n or "to_out" in n)):
        weights[f"{name}.bias"] = rng.normal(0, 0.3, matrices[name][0])
    for name, n in norms.items():
        weights[f"{name}.running_mean"] = rng.normal(0, 0.3, n)
        weights[f"{name}.running_var"] = rng.uniform(0.5, 2.0, n)
        weights[f"{name}.num_batches_tracked"] = np.array(7)
    layer_norms = ["mlp_head.0", *(f"{layer}.{i}.norm" for layer in layers() for i in (0, 1))]
    for name, n in [*norms.items(), *((name, 256) for name in layer_norms)]:
        weights[f"{name}.weight"] = rng.normal(1, 0.3, n)
        weights[f"{name}.bias"] = rng.normal(0, 0.3, n)
    return weights


def logit(weights, clip, *, published=True):
    """The logit of one clip of shape (T, 478, 3).

    `published`: with doubled positions and reshaped mixing weights, as the published code has them.
    """
    tokens = []
    for cloud in clip:
        features = curvenet(weights, cloud, published)
        mixed = times(weights, "downsample.0") @ features
        tokens.append(np.array([normed(weights, "downsample.1", column) for column in mixed.T]).T)
    x = np.array(tokens)  # frames, tokens, channels
    for i in range(6):
        if i % 2 == 0:
            for n in range(x.shape[1]):
                x[:, n] = transformed(weights, f"transformer.layers.{i}", x[:, n], published)
        else:
            for t in range(x.shape[0]):
                x[t] = transformed(weights, f"transformer.layers.{i}", x[t], published)
    x = x.mean(1)
    for i in range(3):
        x = transformed(weights, f"time.layers.{i}", x, published)
    last = layer_normed(weights, "mlp_head.0", x.mean(0))
    return float((times(weights, "mlp_head.1") @ last + weights["mlp_head.1.bias"])[0])


def curvenet(weights, cloud, published=True):
    """Features (N, 256) of the points of one cloud (N, 3)."""
    neighbours = []
    for i, point in enumerate(cloud):
        distances = np.square(cloud - point).sum(1)
        distances[i] = -1.0
        neighbours.append(np.argsort(distances)[:N_NEIGHBOURS + 1])
    x = []
    for i in range(len(cloud)):
        found = [leaky(conv_norm(weights, "encoder.lpfa.mlp.0", in_space(cloud, i, j)))
                 for j in neighbours[i][:-1]]
        x.append(np.max(found, 0))
    for name, into, _, out in BLOCKS:
        inner = [leaky(conv_norm(weights, f"{name}.conv1", row)) for row in x]
        curves = walked(weights, f"{name}.curvegrouping", np.array(inner), neighbours, published)
        inner = curved(weights, f"{name}.curveaggregation", inner, curves)
        inner = [aggregated(weights, f"{name}.lpfa", cloud, inner, i, neighbours[i][:-1])
                 for i in range(len(cloud))]
        short = x if into == out else [conv_norm(weights, f"{name}.shortcut", row) for row in x]
        x = [leaky(conv_norm(weights, f"{name}.conv2", row) + other)
             for row, other in zip(inner, short, strict=True)]
    return np.array([np.maximum(conv_norm(weights, "encoder.conv0", row), 0.0) for row in x])


def in_space(cloud, i, j):
    """What an edge is in space: centre, neighbour, difference."""
    return np.concatenate([cloud[i], cloud[j], cloud[j] - cloud[i]])


def aggregated(weights, name, cloud, x, i, neighbours):
    """Mean over neighbours of how they differ from point i, in features and in space."""
    found = []
    for j in neighbours:
        edge = conv_norm(weights, f"{name}.xyz2feature", in_space(cloud, i, j))
        found.append(leaky(conv_norm(weights, f"{name}.mlp.0", leaky(edge + x[j] - x[i]))))
    return np.mean(found, 0)


def walked(weights, name, x, neighbours, published):
    """The features that curves meet, of shape (curves, steps, channels)."""
    scores = 1.0 / (1.0 + np.exp(-x @ times(weights, f"{name}.att")[0]))
    x = x * scores[:, None]
    # In which order, only topk knows; the published mixing depends on it.
    at = list(torch.tensor(scores).topk(N_CURVES, sorted=False).indices.tolist())
    here = descriptor = [x[i] for i in at]
    met = []
    for step in range(CURVE_LENGTH):
        if step > 0:
            table = np.array([softmax(conv_norm(weights, f"{name}.walk.momentum_mlp",
                                                np.concatenate(both)))
                              for both in zip(here, descriptor, strict=True)])
            if published:
                table = table.T.reshape(N_CURVES, 2)
            descriptor = [a * h + b * d
                          for (a, b), h, d in zip(table, here, descriptor, strict=True)]
        for curve in range(N_CURVES):
            merits = []
            for j in neighbours[at[curve]][1:]:
                merit = conv_norm(weights, f"{name}.walk.agent_mlp",
                                  np.concatenate([x[j], descriptor[curve]]))[0]
                if step > 0:
                    way, on = here[curve] - descriptor[curve], x[j] - here[curve]
                    cosine = way @ on / max(np.linalg.norm(way) * np.linalg.norm(on), 1e-8)
                    merit *= min(max(1.0 + cosine, 0.0), 1.0)
                merits.append(merit)
            at[curve] = neighbours[at[curve]][1 + int(np.argmax(merits))]
        here = [x[i] for i in at]
        met.append(here)
    return np.array(met).swapaxes(0, 1)


def curved(weights, name, x, curves):
    """Points look at curves, pooled along their length, and at steps, pooled over curves."""
    scores = curves @ times(weights, f"{name}.line_conv_att")[0]
    key, step_key = times(weights, f"{name}.conva"), times(weights, f"{name}.convb")
    by_curve = [key @ (softmax(s) @ curve) for s, curve in zip(scores, curves, strict=True)]
    by_step = [step_key @ (softmax(scores[:, i]) @ curves[:, i]) for i in range(CURVE_LENGTH)]
    out = []
    for row in x:
        query = times(weights, f"{name}.convc") @ row
        of_curves = softmax(np.array(by_curve) @ query) @ np.array(by_curve)
        of_steps = softmax(np.array(by_step) @ query) @ np.array(by_step)
        found = np.concatenate([times(weights, f"{name}.convn") @ of_curves,
                                times(weights, f"{name}.convl") @ of_steps])
        out.append(leaky(row + conv_norm(weights, f"{name}.convd", found)))
    return out


def transformed(weights, name, x, published):
    """One layer on one sequence of shape (length, 256)."""
    placed = np.array([layer_normed(weights, f"{name}.0.norm", row) for row in x])
    placed = placed + (placed + positions(*x.shape) if published else positions(*x.shape))
    qkv = (placed @ times(weights, f"{name}.0.fn.to_qkv").T).reshape(len(x), 3, N_HEADS, -1)
    found = np.zeros((len(x), N_HEADS, qkv.shape[3]))
    for i in range(len(x)):
        for h in range(N_HEADS):
            alike = qkv[:, 1, h] @ qkv[i, 0, h] / math.sqrt(qkv.shape[3])
            found[i, h] = softmax(alike) @ qkv[:, 2, h]
    out = []
    for row, attended in zip(x, found, strict=True):
        row = row + times(weights, f"{name}.0.fn.to_out.0") @ attended.ravel()
        row = row + weights[f"{name}.0.fn.to_out.0.bias"]
        wide = times(weights, f"{name}.1.fn.net.0") @ layer_normed(weights, f"{name}.1.norm", row)
        wide = gelu(wide + weights[f"{name}.1.fn.net.0.bias"])
        row = row + times(weights, f"{name}.1.fn.net.3") @ wide
        out.append(row + weights[f"{name}.1.fn.net.3.bias"])
    return np.array(out)


def positions(length, n_channels):
    """Sines in even columns, cosines in odd ones."""
    table = np.zeros((length, n_channels))
    for p in range(length):
        for c in range(n_channels):
            angle = p / 10000.0 ** (c // 2 * 2 / n_channels)
            table[p, c] = math.sin(angle) if c % 2 == 0 else math.cos(angle)
    return table


def times(weights, name):
    """The matrix of a 1×1 convolution or a linear layer."""
    weight = weights[f"{name}.weight"]
    return weight.reshape(weight.shape[:2])


def conv_norm(weights, name, row):
    """A convolution ``name.0`` and the batch norm ``name.1`` after it, of one vector."""
    return normed(weights, f"{name}.1", times(weights, f"{name}.0") @ row)


def normed(weights, name, row):
    """What a batch norm gives that is not in training."""
    mean, var, gain, offset = (weights[f"{name}.{part}"] for part in
                               ("running_mean", "running_var", "weight", "bias"))
    return (row - mean) / np.sqrt(var + 1e-5) * gain + offset


def layer_normed(weights, name, row):
    centred = (row - row.mean()) / np.sqrt(row.var() + 1e-5)
    return centred * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def gelu(x):
    return x * 0.5 * (1.0 + np.array([math.erf(value / math.sqrt(2.0)) for value in x]))


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()
