"""The colours of the stylesheet: seen against the paper, and told apart by colour-blind readers."""

import re
from importlib.resources import files
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from pointsman.demo.page.roster import GREYS, HUES

Colour = npt.NDArray[np.float64]
#: Linear RGB as dichromats see it: Machado, Oliveira, Fernandes 2009, severity 1.
_SEEN_BY = {
    "everyone": np.eye(3),
    "protanopes": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopes": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopes": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
#: Linear RGB to cones, and their cube roots to Oklab (Ottosson 2020).
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _palettes() -> dict[str, dict[str, Colour]]:
    """Linear RGB by name, for light and for dark readers."""
    style = files("pointsman.drawing").joinpath("page.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return {"light": _colours(light), "dark": _colours(dark)}


def _colours(block: str) -> dict[str, Colour]:
    found = re.findall(r"--([\w-]+): #([0-9a-f]{6})", block)
    return {name: _linear(np.array([int(code[at : at + 2], 16) for at in (0, 2, 4)]) / 255) for name, code in found}


def _linear(shown: Colour) -> Colour:
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def _contrast(one: Colour, other: Colour) -> float:
    """As WCAG 2.2 defines it."""
    low, high = sorted(float(colour @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _oklab(colour: Colour) -> Colour:
    lab: Colour = _OKLAB @ np.cbrt(_CONES @ np.clip(colour, 0, 1))
    return lab


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_stand_out_from_the_paper(scheme: str) -> None:
    colours = _palettes()[scheme]
    marks = [*(f"hue-{place}" for place in range(HUES)), *(f"grey-{place}" for place in range(GREYS)), "faint"]

    assert all(_contrast(colours[name], colours[on]) >= 4.5 for name in ("ink", "soft") for on in ("paper", "panel"))
    assert all(_contrast(colours[name], colours["paper"]) >= 3 for name in marks)


@pytest.mark.parametrize("reader", _SEEN_BY)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_llms_can_be_told_apart(scheme: str, reader: str) -> None:
    colours = _palettes()[scheme]
    seen = [_oklab(_SEEN_BY[reader] @ colours[f"hue-{place}"]) for place in range(HUES)]

    assert min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2)) > 0.09
