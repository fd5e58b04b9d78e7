"""TensorFlow 1's names of slots are told from names of variables."""

from __future__ import annotations

import pytest

from migrator.convert.making.slots import label_of, power, read_slots, steps_of, told_steps
from migrator.worker.common import BadInput


def told(*names: str) -> dict[str, dict[str, dict[str, str]]]:
    """Return label -> variable -> role -> slot."""
    return {slots.label: slots.of for slots in read_slots(names)}


def test_slots_of_adam() -> None:
    """The number behind the label counts the slots; the powers are none."""
    names = ("net/w", "net/w/Adam", "net/w/Adam_1", "beta1_power", "beta2_power", "global_step")
    assert told(*names) == {"Adam": {"net/w": {"m": "net/w/Adam", "v": "net/w/Adam_1"}}}


def test_a_name_of_its_own_is_told_by_the_powers() -> None:
    """Without them two variables below a third are variables."""
    names = ("w", "w/Own", "w/Own_1")
    assert told(*names) == {}
    assert told(*names, "beta2_power") == {"Own": {"w": {"m": "w/Own", "v": "w/Own_1"}}}


def test_minimize_in_a_scope() -> None:
    """The scope stands before the variable's name."""
    assert told("net/w", "train/net/w/Momentum") == {
        "Momentum": {"net/w": {"momentum": "train/net/w/Momentum"}}
    }


def test_two_optimizers() -> None:
    """Each has its variables."""
    names = ("a", "b", "a/Adagrad", "b/RMSProp", "b/RMSProp_1")
    assert told(*names) == {
        "Adagrad": {"a": {"accumulator": "a/Adagrad"}},
        "RMSProp": {"b": {"rms": "b/RMSProp", "momentum": "b/RMSProp_1"}},
    }


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("w", "w/ExponentialMovingAverage"),
        ("dense/kernel", "dense/bias"),
        ("w/Adam", "w/Adam_1"),
        ("w", "w/Adam"),
        ("w", "w/Adam", "w/Adam_1", "w/Adam_2"),
    ],
)
def test_what_is_no_slot(names: tuple[str, ...]) -> None:
    """Averages, variables in scopes, slots without their variable, and too few or many."""
    assert told(*names) == {}


def test_roles_give_the_optimizer() -> None:
    """RMSProp of TensorFlow 1 always has a slot for momentum, the last one."""
    assert label_of(["v", "m"]) == ("Adam", ("m", "v"))
    assert label_of(["mg", "rms"]) == ("RMSProp", ("rms", "mg", "momentum"))
    assert label_of(["rms"]) == ("RMSProp", ("rms", "momentum"))
    assert label_of(["vhat", "m", "v"]) is None


@pytest.mark.parametrize("steps", [0, 1, 37, 5000, 60000])
def test_powers_tell_the_steps(steps: int) -> None:
    """TensorFlow 1 multiplies once before the first step."""
    assert steps_of(power(0.999, steps), 0.999) == steps


@pytest.mark.parametrize("value", [0.0, 1e-38, 1.0, 2.0, 0.9985])
def test_powers_that_tell_nothing(value: float) -> None:
    """Vanished, none at all, or of another rate."""
    assert steps_of(value, 0.999) is None


ADAM = (0.9, 0.999)


@pytest.mark.parametrize(
    ("betas", "known", "counted"),
    [
        (ADAM, False, None),  # both powers agree
        (ADAM, False, 5),  # they agree, and the global step counts something else
        ((0.5, 0.999), False, 37),  # the global step agrees
        ((0.8, 0.98), True, 5),
    ],
)
def test_both_powers_tell_the_steps(
    betas: tuple[float, float], known: bool, counted: int | None
) -> None:
    """Rates that nothing tells are Adam's own where another number agrees."""
    powers = power(betas[0], 37), power(betas[1], 37)
    assert told_steps(powers, betas if known else ADAM, known, counted) == 37


@pytest.mark.parametrize(("steps", "counted"), [(37, None), (37, 37), (1000, 37)])
def test_powers_of_other_rates_are_not_taken_for_adams(steps: int, counted: int | None) -> None:
    """0.98 after 37 steps is 0.999 after 766: wrong numbers of steps are never written."""
    powers = power(0.9, steps), power(0.98, 37)
    with pytest.raises(BadInput, match="beta_1 and beta_2, or iterations"):
        told_steps(powers, ADAM, False, counted)
