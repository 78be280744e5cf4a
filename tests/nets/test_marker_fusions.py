"""The fifteen fusions of landmarks and D-Markers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from torch import nn

from smilegenuine.nets.marker_fusions import FUSIONS, MarkerFusion, make_fusion

N = 8
ONE_KEY = {"cross_attention", "multihead_cross_attention"}
GUIDE = Path(__file__).parents[2] / "docs" / "marker_fusions.md"

# Worked out by hand for a width of 256.
N_PARAMETERS = {
    "concat": 512 * 256 + 256,
    "gated_concat": 512 * 256 + 256,
    "additive": 2 * 2 * 256 + 512 * 2 + 2,
    "attention": 3 * (256 * 256 + 256),
    "cross_attention": 3 * (256 * 256 + 256),
    "multihead_attention": 4 * 256 * 256 + 256,
    "multihead_cross_attention": 4 * 256 * 256 + 256,
    "bilinear": 256 ** 3 + 256,
    "factorized_bilinear": 2 * (256 * 512 + 512) + 512 * 256 + 256,
    "film": 256 * 512 + 512 + 512 * 512 + 512,
    "hadamard": 0,
    "hadamard_gated_concat": 512 * 256 + 256,
    "bilinear_hadamard": 256 ** 3 + 256 + 256 * 256 + 256,
    "factorized_bilinear_hadamard":
        2 * (256 * 512 + 512) + 512 * 256 + 256 + 256 * 256 + 256,
    "film_hadamard": 2 * 256 + 256 * 512 + 512 + 512 * 512 + 512,
}


def _with_random_weights(fusion):
    # Weights that start at 0 or 1 would hide from the formulas whether they are used.
    with torch.no_grad():
        for parameter in fusion.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.4)
    return fusion.double().eval()


@pytest.fixture(params=FUSIONS)
def name(request):
    return request.param


@pytest.fixture
def fusion(name):
    torch.manual_seed(0)
    return _with_random_weights(make_fusion(name, N))


@pytest.fixture
def xd():
    torch.manual_seed(1)
    return torch.randn(5, N, dtype=torch.float64), torch.randn(5, N, dtype=torch.float64)


# Formulas, written out in numpy.

def _linear(weights, layer, x):
    bias = weights.get(f"{layer}.bias", 0.0)
    return x @ weights[f"{layer}.weight"].T + bias


def _norm(weights, layer, x):
    centred = x - x.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt((centred ** 2).mean(axis=1, keepdims=True) + 1e-5)
    return scaled * weights[f"{layer}.weight"] + weights[f"{layer}.bias"]


def _concat(w, x, d):
    return _linear(w, "mix", np.hstack([x, d]))


def _gated(w, x, d):
    g = expit(_linear(w, "gate", np.hstack([x, d])))
    return g * x + (1 - g) * d


def _additive(w, x, d):
    x, d = np.maximum(_norm(w, "of_x.0", x), 0), np.maximum(_norm(w, "of_d.0", d), 0)
    a = softmax(_linear(w, "weigh", np.hstack([x, d])), axis=1)
    return a[:, [0]] * x + a[:, [1]] * d


def _attention(w, x, d, n_heads=1):
    q, kx, kd = _linear(w, "query", x), _linear(w, "key", x), _linear(w, "key", d)
    vx, vd = _linear(w, "value", x), _linear(w, "value", d)
    heads, width = [], N // n_heads
    for columns in (slice(i * width, (i + 1) * width) for i in range(n_heads)):
        scores = [(q[:, columns] * k[:, columns]).sum(axis=1) / np.sqrt(width) for k in (kx, kd)]
        a = softmax(np.stack(scores, axis=1), axis=1)
        heads.append(a[:, [0]] * vx[:, columns] + a[:, [1]] * vd[:, columns])
    return np.hstack(heads)


def _bilinear(w, x, d):
    return np.einsum("bi,kij,bj->bk", x, w["bilinear.weight"], d) + w["bilinear.bias"]


def _factorized(w, x, d):
    return _linear(w, "mix", _linear(w, "of_x", x) * _linear(w, "of_d", d))


def _film_numbers(w, d):
    both = _linear(w, "of_d.2", np.maximum(_linear(w, "of_d.0", d), 0))
    return both[:, :N], both[:, N:]


def _film(w, x, d):
    gamma, beta = _film_numbers(w, d)
    return gamma * x + beta


def _film_hadamard(w, x, d):
    gamma, beta = _film_numbers(w, d)
    return 2 * expit(gamma) * _norm(w, "norm", x) + beta + x * d


def _combined(w, product):
    return np.maximum(_linear(w, "combine.0", product), 0)


FORMULAS = {
    "concat": _concat,
    "gated_concat": _gated,
    "additive": _additive,
    "attention": _attention,
    "cross_attention": lambda w, x, d: _linear(w, "value", d),
    "multihead_attention": lambda w, x, d: _linear(w, "mix.0", _attention(w, x, d, n_heads=4)),
    "multihead_cross_attention":
        lambda w, x, d: _linear(w, "mix.0", _linear(w, "value", d)),
    "bilinear": _bilinear,
    "factorized_bilinear": _factorized,
    "film": _film,
    "hadamard": lambda w, x, d: x * d,
    "hadamard_gated_concat": lambda w, x, d: x * d + _gated(w, x, d),
    "bilinear_hadamard": lambda w, x, d: _combined(w, x * d + _bilinear(w, x, d)),
    "factorized_bilinear_hadamard": lambda w, x, d: _combined(w, x * d + _factorized(w, x, d)),
    "film_hadamard": _film_hadamard,
}


def test_fifteen_fusions_each_with_a_formula_a_count_and_a_row_in_the_guide():
    rows = re.findall(r"^\| `(\w+)` \|.*\| [\d,]+ \|$", GUIDE.read_text(encoding="utf-8"),
                      flags=re.MULTILINE)
    assert len(FUSIONS) == len(set(FUSIONS.values())) == 15
    assert list(FUSIONS) == list(FORMULAS) == list(N_PARAMETERS) == rows


def test_the_formula(fusion, name, xd):
    x, d = xd
    weights = {key: value.numpy() for key, value in fusion.state_dict().items()}
    expected = FORMULAS[name](weights, x.numpy(), d.numpy())
    np.testing.assert_allclose(fusion(x, d).detach().numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in FUSIONS if not name.startswith("bilinear")])
def test_n_parameters(name):
    assert sum(p.numel() for p in make_fusion(name).parameters()) == N_PARAMETERS[name]


@pytest.mark.parametrize("name", ["bilinear", "bilinear_hadamard"])
def test_n_parameters_of_those_too_large_to_make(name):
    with torch.device("meta"):
        fusion = make_fusion(name)
    assert sum(p.numel() for p in fusion.parameters()) == N_PARAMETERS[name]


def test_the_guide_states_the_parameters(name):
    row = re.search(rf"^\| `{name}` \|.*\| ([\d,]+) \|$", GUIDE.read_text(encoding="utf-8"),
                    flags=re.MULTILINE)
    assert row is not None
    assert int(row.group(1).replace(",", "")) == N_PARAMETERS[name]


@pytest.mark.parametrize("n_clips", [0, 1, 3])
def test_as_many_numbers_as_came_in(fusion, n_clips):
    fused = fusion(torch.randn(n_clips, N).double(), torch.randn(n_clips, N).double())
    assert fused.shape == (n_clips, N)
    assert fused.isfinite().all()


def test_constant_and_large_inputs_stay_finite(fusion):
    for value in (0.0, 1e3, -1e3):
        same = torch.full((2, N), value, dtype=torch.float64)
        assert fusion(same, same).isfinite().all()


def test_a_batch_is_its_clips_one_by_one(fusion, xd):
    one_by_one = [fusion(x[None], d[None]) for x, d in zip(*xd, strict=True)]
    torch.testing.assert_close(fusion(*xd), torch.cat(one_by_one))


def test_gradients_reach_all_parameters_and_both_inputs(fusion, xd):
    x, d = (tensor.requires_grad_() for tensor in xd)
    (fusion(x, d) * torch.randn(5, N)).sum().backward()
    dead = {key for key, parameter in fusion.named_parameters() if not parameter.grad.any()}
    if fusion.sees_landmarks:
        assert not dead
        assert x.grad.any()
    else:
        assert {"query.weight", "key.weight"} <= dead <= {
            "query.weight", "query.bias", "key.weight", "key.bias"}
        assert not x.grad.any()
    assert d.grad.any()


def test_both_inputs_matter_except_to_a_single_key(fusion, name, xd):
    x, d = xd
    change = torch.randn(N)
    assert not torch.allclose(fusion(x, d), fusion(x, d + change))
    assert fusion.sees_landmarks == (name not in ONE_KEY)
    assert torch.equal(fusion(x, d), fusion(x + change, d)) == (name in ONE_KEY)


def test_landmarks_and_markers_are_not_interchangeable_unless_multiplied(fusion, name, xd):
    x, d = xd
    assert torch.allclose(fusion(x, d), fusion(d, x)) == (name == "hadamard")


@pytest.mark.parametrize("name", ["additive", "multihead_attention", "multihead_cross_attention"])
def test_dropout_is_for_training(name):
    torch.manual_seed(0)
    fusion, x, d = make_fusion(name, 64, dropout=0.5), torch.randn(9, 64), torch.randn(9, 64)
    assert not torch.equal(fusion.train()(x, d), fusion(x, d))
    assert torch.equal(fusion.eval()(x, d), fusion(x, d))


def test_the_gate_leads_to_either():
    fusion, x, d = make_fusion("gated_concat", N), torch.randn(3, N), torch.randn(3, N)
    for bias, expected in ((50.0, x), (-50.0, d)):
        nn.init.constant_(fusion.gate.bias, bias)
        torch.testing.assert_close(fusion(x, d), expected)


def test_film_lets_x_through_at_first():
    torch.manual_seed(0)
    x, d = torch.randn(400, 64), torch.randn(400, 64)

    def slope(published_init):
        fusion = make_fusion("film", 64, published_init=published_init)
        return float((fusion(x, d).detach() * x).mean() / (x * x).mean())

    assert slope(published_init=False) == pytest.approx(1.0, abs=0.1)
    assert slope(published_init=True) == pytest.approx(0.0, abs=0.1)


def _task(name, n_clips):
    x, d = torch.randn(n_clips, N), torch.randn(n_clips, N)
    if name in ONE_KEY:
        return x, d, d[:, 0] > 0
    if "bilinear" in name or "hadamard" in name or "film" in name:
        # Of x alone, or of d alone, nothing can be told.
        return x, d, x[:, 0] * d[:, 0] > 0
    return x, d, x[:, 0] + d[:, 0] > 0


# One of each kind; the others take half a minute together.
QUICK = ("concat", "film", "hadamard")


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in FUSIONS])
def test_it_learns_what_only_both_tell(name):
    torch.manual_seed(0)
    net = nn.ModuleDict({"of_x": nn.Linear(N, N), "of_d": nn.Linear(N, N),
                         "fusion": make_fusion(name, N), "out": nn.Linear(N, 1)})

    def logits(x, d):
        return net["out"](net["fusion"](net["of_x"](x), net["of_d"](d))).squeeze(1)

    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(200):
        x, d, y = _task(name, 128)
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(logits(x, d), y.float()).backward()
        optimizer.step()
    x, d, y = _task(name, 1000)
    net.eval()
    assert ((logits(x, d) > 0) == y).float().mean() > 0.9


def test_a_name_that_no_fusion_has_is_refused():
    with pytest.raises(ValueError, match="fusion='sum' is not known; choose one of concat"):
        make_fusion("sum")


@pytest.mark.parametrize("name", ["multihead_attention", "multihead_cross_attention"])
def test_a_width_without_four_heads_is_refused(name):
    with pytest.raises(ValueError, match="n_hidden=10 cannot be split into 4 heads"):
        make_fusion(name, 10)


def test_fusions_of_ones_own_say_what_they_do():
    with pytest.raises(NotImplementedError):
        MarkerFusion(N)(torch.ones(1, N), torch.ones(1, N))
