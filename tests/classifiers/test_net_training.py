"""Training: batches, loss, when it stops and with what weights, and what it leaves alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from torch import nn

from smilegenuine.classifiers.net_batches import InputSet
from smilegenuine.classifiers.net_training import (
    ClassWeightedLoss,
    Training,
    find_device,
    history_table,
    make_net,
    net_state,
    restore_net,
    run_net,
    train_net,
)
from smilegenuine.nets.auda_sequence import AUDASequenceNet


class Line(nn.Module):
    """One weight a column: what training does to it can be followed."""

    def __init__(self, n_features: int = 3, start: float = 0.1) -> None:
        super().__init__()
        self.out = nn.Linear(n_features, 1)
        nn.init.constant_(self.out.weight, start)
        nn.init.zeros_(self.out.bias)

    def embed(self, x):
        return 2.0 * x

    def forward(self, x):
        return self.out(x).squeeze(1)


class Interrupted(Line):
    """Somebody presses Ctrl-C when the n-th batch is looked at."""

    at = 0

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.calls = itertools.count(1)

    def forward(self, x):
        if next(self.calls) == self.at:
            raise KeyboardInterrupt
        return super().forward(x)


def items(n=24, n_features=3, seed=0, flip=0.0):
    """Rows whose first column gives the class, but for a share of them that is flipped."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, n_features)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    y[:round(flip * n)] ^= 1
    return InputSet(list(x), y)


def trained(training=None, module=Line, data=None, held_out=None, seed=0, weights=(1.0, 1.0),
            **options):
    net = make_net(module, options, training or Training(device="cpu"), sequences=False,
                   weights=weights, held_out=held_out)
    return train_net(net, data or items(), seed)


def bce(net, data, weights=(1.0, 1.0)):
    """The loss, worked out by hand."""
    z, y = run_net(net, data), data.targets
    return float(np.mean(np.array(weights)[y] * (np.logaddexp(0.0, z) - y * z)))


# -- the loss --------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.5, 3.0)])
def test_the_loss_is_the_weighted_log_loss(weights):
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=11), rng.integers(0, 2, 11)
    given = ClassWeightedLoss(weights)(torch.tensor(logits), torch.tensor(y, dtype=torch.float32))
    expected = log_loss(y, 1.0 / (1.0 + np.exp(-logits)), normalize=False,
                        sample_weight=np.array(weights)[y]) / 11
    assert given.item() == pytest.approx(expected, rel=1e-6)


def test_balanced_weights_are_scikit_learns():
    y = np.array([0] * 9 + [1] * 3)
    logits = np.linspace(-2, 2, 12)
    weights = tuple(compute_class_weight("balanced", classes=np.array([0, 1]), y=y))
    given = ClassWeightedLoss(weights)(torch.tensor(logits), torch.tensor(y))
    expected = log_loss(y, 1.0 / (1.0 + np.exp(-logits)),
                        sample_weight=compute_sample_weight("balanced", y))
    assert given.item() == pytest.approx(expected, rel=1e-6)


class Normed(Line):
    """Batch norm and a weight a column."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        return super().forward(self.norm(x))


def test_running_statistics_are_the_epochs_where_that_is_wanted():
    data = items(n=24)
    data = InputSet([5.0 + 0.01 * x for x in data.inputs], data.targets)
    x = np.stack(data.inputs)
    net = trained(Training(device="cpu", max_epochs=1, batch_size=8, epoch_statistics=True),
                  Normed, data)
    np.testing.assert_allclose(net.module_.norm.running_mean, x.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(net.module_.norm.running_var, x.var(axis=0), rtol=0.5)
    lagging = trained(Training(device="cpu", max_epochs=1, batch_size=8), Normed, data)
    assert (lagging.module_.norm.running_var > 0.5).all()


class TwoHeads(Line):
    """Says the class, and twice the first column in a second head that learns nothing."""

    def forward_tasks(self, x):
        return self(x), torch.stack([2.0 * x[:, 0], x[:, 1]], dim=1)


def test_the_second_task_counts_in_training_and_not_in_what_is_judged():
    data = items()
    targets = np.column_stack([data.targets, np.zeros((24, 2))])
    both = InputSet(data.inputs, targets)
    net = make_net(TwoHeads, {}, Training(device="cpu", max_epochs=1, norm_penalty=0.0, lr=1e-12,
                                          batch_size=24), sequences=False, held_out=both,
                   second_weight=0.5)
    history = history_table(train_net(net, both, 0))
    x = np.stack(data.inputs)
    error = np.mean(np.column_stack([2.0 * x[:, 0], x[:, 1]]) ** 2)
    assert history["valid_loss"][0] == pytest.approx(bce(net, data), rel=1e-5)
    assert history["train_loss"][0] == pytest.approx(bce(net, data) + 0.5 * error, rel=1e-5)
    right = (run_net(net, data) > 0) == data.targets
    assert history["valid_accuracy"][0] == pytest.approx(right.mean())


def test_inputs_with_several_parts_reach_the_module_by_name():
    class Product(Line):
        def forward(self, x, other):
            return super().forward(x * other)

    data = items()
    doubled = InputSet([{"x": x, "other": np.full(3, 2.0)} for x in data.inputs], data.targets)
    net = make_net(Product, {}, Training(device="cpu", max_epochs=2), sequences=False,
                   held_out=doubled)
    train_net(net, doubled, 0)
    plain = net.module_.out.weight.detach().numpy()[0] @ (2.0 * np.stack(data.inputs)).T
    np.testing.assert_allclose(run_net(net, doubled), plain + net.module_.out.bias.item(),
                               atol=1e-6)


# -- the penalty -----------------------------------------------------------------------------------


def test_the_penalty_is_that_many_times_the_sum_of_the_weights_norms():
    # So small a step that the weights stay what they are.
    held_out, weights = items(10, seed=1), (0.7, 1.9)
    net = trained(Training(lr=1e-12, max_epochs=1, batch_size=99, norm_penalty=0.4, device="cpu"),
                  held_out=held_out, weights=weights, start=3.0)
    norms = sum(w.detach().norm().item() for w in net.module_.parameters())
    assert norms > 5.0
    row = net.history[-1]
    assert row["train_loss"] - bce(net, items(), weights) == pytest.approx(0.4 * norms, rel=1e-4)
    assert row["valid_loss"] == pytest.approx(bce(net, held_out, weights), rel=1e-5)


def test_the_penalty_keeps_weights_small():
    sizes = [trained(Training(lr=0.1, max_epochs=30, norm_penalty=penalty, device="cpu"))
             .module_.out.weight.detach().norm().item() for penalty in (0.0, 0.1)]
    assert sizes[1] < 0.6 * sizes[0]


def test_weights_that_are_all_nought_are_no_trouble():
    net = trained(Training(lr=0.01, max_epochs=2, norm_penalty=1.0, device="cpu"), start=0.0)
    assert all(torch.isfinite(w).all() for w in net.module_.parameters())


# -- when it stops, and with what ------------------------------------------------------------------

HELD_OUT = items(20, seed=2, flip=0.3)  # surer is better at first, and worse later


def test_training_stops_after_so_many_epochs_without_gain():
    net = trained(Training(lr=0.1, max_epochs=200, patience=7, device="cpu"), held_out=HELD_OUT)
    losses = history_table(net)["valid_loss"]
    best = int(losses.argmin())
    assert 2 < best < 150
    assert len(losses) == best + 1 + 7


def test_the_best_epochs_weights_are_restored():
    net = trained(Training(lr=0.1, max_epochs=200, patience=7, device="cpu"), held_out=HELD_OUT)
    table = history_table(net)
    assert table["valid_loss"].iloc[-1] > table["valid_loss"].min() + 1e-4
    assert bce(net, HELD_OUT) == pytest.approx(table["valid_loss"].min(), rel=1e-6)
    assert table["valid_loss"][table["best"]].iloc[-1] == table["valid_loss"].min()


def test_the_best_weights_are_restored_at_the_last_epoch_too():
    net = trained(Training(lr=0.1, max_epochs=60, patience=59, device="cpu"), held_out=HELD_OUT)
    losses = history_table(net)["valid_loss"]
    assert len(losses) == 60
    assert losses.argmin() < 58
    assert bce(net, HELD_OUT) == pytest.approx(losses.min(), rel=1e-6)


def test_without_patience_the_last_weights_are_kept():
    net = trained(Training(lr=0.1, max_epochs=60, patience=None, device="cpu"), held_out=HELD_OUT)
    losses = history_table(net)["valid_loss"]
    assert len(losses) == 60
    assert losses.iloc[-1] > losses.min() + 1e-4
    assert bce(net, HELD_OUT) == pytest.approx(losses.iloc[-1], rel=1e-6)


def test_accuracy_is_the_share_decided_rightly():
    # Batches of unequal size, of which a plain mean would be another number.
    held_out = items(19, seed=5, flip=0.4)
    net = trained(Training(lr=1e-12, max_epochs=1, batch_size=6, patience=None, device="cpu"),
                  held_out=held_out)
    right = (run_net(net, held_out) > 0) == held_out.targets
    assert net.history[-1]["valid_accuracy"] == pytest.approx(right.mean())


def test_a_model_carries_no_clips_about():
    net = trained(Training(max_epochs=2, device="cpu"), held_out=HELD_OUT)
    assert net.train_split is None


@pytest.mark.parametrize(("at", "held_out", "patience"), [
    (5, HELD_OUT, 3),  # the second epoch: two batches to train on, two of held-out clips an epoch
    (7, HELD_OUT, 3), (1, HELD_OUT, 3), (13, HELD_OUT, None), (14, HELD_OUT, 15), (16, HELD_OUT, 1),
    (3, None, None), (8, None, 15),
], ids=lambda v: str(v) if not isinstance(v, InputSet) else "")
def test_ctrl_c_is_not_taken_for_early_stopping(at, held_out, patience, monkeypatch):
    monkeypatch.setattr(Interrupted, "at", at)
    # Slow enough that every epoch is a gain.
    training = Training(lr=1e-3, max_epochs=4, batch_size=12, patience=patience, device="cpu")
    n_threads = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        trained(training, Interrupted, held_out=held_out)
    assert torch.get_num_threads() == n_threads


def test_ctrl_c_closes_the_bar(monkeypatch, capsys):
    monkeypatch.setattr(Interrupted, "at", 5)
    with pytest.raises(KeyboardInterrupt):
        trained(Training(max_epochs=4, batch_size=12, verbose=True, name="lines", device="cpu"),
                Interrupted)
    assert capsys.readouterr().err.endswith("\n")


def test_the_bar_counts_epochs_and_says_the_losses(capsys):
    trained(Training(max_epochs=3, verbose=1, name="lines", device="cpu"), held_out=HELD_OUT)
    said = capsys.readouterr()
    assert said.out == ""
    assert "lines" in said.err
    assert "3/3" in said.err
    assert "train_loss=" in said.err
    assert "valid_loss=" in said.err


def test_nothing_is_said_unasked(capsys):
    trained(Training(lr=0.1, max_epochs=200, patience=2, device="cpu"), held_out=HELD_OUT)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("held_out", [None, HELD_OUT], ids=["all", "held out"])
def test_training_that_diverges_is_an_error(held_out):
    data = items()
    data.inputs[3] = data.inputs[3] * np.float32(np.inf)
    with pytest.raises(ValueError, match=r"training diverged .* Lower lr \(it is 0\.01\)"):
        trained(Training(lr=0.01, max_epochs=5, patience=3, device="cpu"), data=data,
                held_out=held_out)


def test_a_step_without_measure_diverges():
    with pytest.raises(ValueError, match=r"training diverged \(epochs: 3\)"):
        trained(Training(lr=np.inf, max_epochs=3, device="cpu"))


# -- what it leaves alone --------------------------------------------------------------------------


@pytest.fixture
def sequence_net():
    """A net with batch norm, drawn weights and shuffled batches, trained for three epochs."""
    rng = np.random.default_rng(4)
    data = InputSet([rng.normal(size=(n, 4)).astype(np.float32) for n in rng.integers(2, 9, 12)],
                    np.tile([0, 1], 6))

    def train(seed=0, **training):
        net = make_net(AUDASequenceNet, {"streams": {"aus": (4, 5)}},
                       Training(**{"max_epochs": 3, "batch_size": 4, "lr": 0.02, "device": "cpu",
                                   **training}), sequences=True)
        return train_net(net, data, seed)

    return train, data


def test_the_same_seed_gives_the_same_weights_and_another_others(sequence_net):
    train, data = sequence_net
    one, again, other = train(5), train(5), train(6)
    for a, b in zip(one.module_.parameters(), again.module_.parameters(), strict=True):
        assert torch.equal(a, b)
    assert np.abs(run_net(one, data) - run_net(other, data)).min() > 1e-4


def test_the_seed_alone_decides(sequence_net):
    train, data = sequence_net
    values = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - it is this one that must not matter
        values.append(run_net(train(5), data))
    np.testing.assert_array_equal(*values)


def test_torchs_own_random_state_is_left_alone(sequence_net):
    train, data = sequence_net
    before = torch.get_rng_state()
    net = train()
    assert torch.equal(torch.get_rng_state(), before), "by training"
    run_net(net, data)
    assert torch.equal(torch.get_rng_state(), before), "by running"
    restore_net(make_net(AUDASequenceNet, {"streams": {"aus": (4, 5)}}, Training(device="cpu"),
                         sequences=True), net_state(net))
    assert torch.equal(torch.get_rng_state(), before), "by restoring"


def test_the_number_of_threads_is_left_alone(sequence_net):
    train, data = sequence_net
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        run_net(train(), data)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_mixed_precision_trains_on_the_processor(sequence_net):
    train, data = sequence_net
    full, mixed = train(), train(mixed_precision=True)
    assert all(w.dtype == torch.float32 for w in mixed.module_.parameters())
    values = run_net(mixed, data)
    assert values.dtype == float
    np.testing.assert_allclose(values, run_net(full, data), atol=0.02)
    assert (values != run_net(full, data)).any()


def test_running_gives_logits_and_embeddings_in_order_whatever_the_batches():
    data = items(13)
    net = trained(Training(max_epochs=2, batch_size=5, device="cpu"))
    x = np.stack(data.inputs)
    given = run_net(net, data)
    assert given.dtype == float
    weight, bias = (w.detach().numpy() for w in net.module_.parameters())
    np.testing.assert_allclose(given, x @ weight[0] + bias[0], atol=1e-6)
    np.testing.assert_allclose(run_net(net, data, "embed"), 2.0 * x)


def test_running_does_not_train(sequence_net):
    train, data = sequence_net
    net = train()
    before = {k: v.clone() for k, v in net.module_.state_dict().items()}
    net.module_.train()
    first = run_net(net, data)
    np.testing.assert_array_equal(first, run_net(net, data))
    assert all(torch.equal(before[k], v) for k, v in net.module_.state_dict().items())


def test_what_is_learnt_survives_as_plain_data(sequence_net):
    train, data = sequence_net
    net = train()
    state = net_state(net)
    assert all(isinstance(w, np.ndarray) for w in state["weights"].values())
    for w in state["weights"].values():
        w.flags.writeable = False
    copy = restore_net(make_net(AUDASequenceNet, {"streams": {"aus": (4, 5)}},
                                Training(device="cpu"), sequences=True), state)
    np.testing.assert_array_equal(run_net(net, data), run_net(copy, data))
    assert history_table(copy).equals(history_table(net))


# -- devices ---------------------------------------------------------------------------------------


def test_auto_takes_what_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device("auto") == torch.device("cuda")


@pytest.mark.parametrize("device", ["nonsense", "", "cuda:x", "mps:7", "meta", None, 0])
def test_devices_that_do_not_exist_are_named(device):
    with pytest.raises(ValueError, match=f"device .*{device!r}"):
        find_device(device)


@pytest.mark.parametrize(("device", "there"), [("cuda", 0), ("cuda:0", 0), ("cuda:3", 3)])
def test_cuda_devices_that_are_not_there_are_counted(device, there, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    with pytest.raises(ValueError, match=f"'{device}', but torch .* sees {there} CUDA devices"):
        find_device(device)
    with pytest.warns(UserWarning, match=f"sees {there} CUDA devices: the processor is used"):
        assert find_device(device, fall_back=True) == torch.device("cpu")


def test_cuda_devices_that_are_there_are_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("cuda:1") == torch.device("cuda:1")
