"""Inputs and batches: stacked, padded, even, and changed where that is asked for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from smilegenuine.classifiers.net_batches import (
    EvenBatches,
    InputSet,
    pad_batch,
    stack_batch,
    within_spreads,
)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 16])
@pytest.mark.parametrize("n", [2, 3, 5, 6, 16, 17, 31, 33])
def test_batches_are_even_and_none_has_a_single_item(n, batch_size):
    batches = list(EvenBatches(n, batch_size))
    sizes = [len(batch) for batch in batches]
    assert sorted(itertools.chain(*batches)) == list(range(n))
    assert len(EvenBatches(n, batch_size)) == len(batches)
    assert min(sizes) >= 2
    assert max(sizes) <= max(3, batch_size)
    assert max(sizes) - min(sizes) <= 1


def test_batches_are_drawn_anew_each_time():
    torch.manual_seed(0)
    batches = EvenBatches(20, 6)
    assert list(batches) != list(batches)


def test_inputs_of_one_shape_are_stacked():
    batch, y = stack_batch([(np.full((2, 3), float(i)), float(i)) for i in range(4)])
    assert batch["x"].shape == (4, 2, 3)
    assert batch["x"].dtype == torch.float32
    assert list(y) == [0.0, 1.0, 2.0, 3.0]


def test_sequences_are_padded_at_the_end_with_their_lengths():
    batch, y = pad_batch([(np.ones((n, 3)), 1.0) for n in (2, 5, 1)])
    assert batch["x"].shape == (3, 5, 3)
    assert list(batch["lengths"]) == [2, 5, 1]
    assert [int(x.sum()) for x in batch["x"]] == [6, 15, 3]
    assert (batch["x"][0, 2:] == 0.0).all()
    assert y.shape == (3,)


@pytest.mark.parametrize("collate", [stack_batch, pad_batch])
def test_bytes_become_nought_to_one(collate):
    pixels = np.array([[0, 51], [102, 255]], dtype=np.uint8)
    batch, _ = collate([(pixels[:, ::-1], 0.0)])
    torch.testing.assert_close(batch["x"][0], torch.tensor([[0.2, 0.0], [1.0, 0.4]]))


def test_changed_copies_are_made_anew_each_time():
    numbers = itertools.count()
    data = InputSet([np.zeros(2), np.zeros(2)], np.array([1, 0]), lambda x: x + next(numbers))
    assert [data[0][0][0], data[0][0][0], data[1][0][0]] == [0.0, 1.0, 2.0]
    assert data[0][1] == 1.0
    assert InputSet([np.zeros(2)])[0][1] == 0.0


def test_parts_of_inputs_are_stacked_by_name():
    batch, y = stack_batch([({"x": np.full((2, 3), i), "markers": np.full(4, i, np.uint8)},
                             np.array([1.0, i, i])) for i in range(5)])
    assert {name: part.shape for name, part in batch.items()} == {"x": (5, 2, 3), "markers": (5, 4)}
    assert batch["markers"][3, 0] == pytest.approx(3.0 / 255.0)
    assert y.shape == (5, 3)


def test_what_nobody_moved_in_training_does_not_decide_by_itself():
    found = within_spreads(np.array([[-1e5, 0.5], [3.0, 100338.0]]))
    np.testing.assert_array_equal(found, [[-10.0, 0.5], [3.0, 10.0]])
    assert found.dtype == np.float32
