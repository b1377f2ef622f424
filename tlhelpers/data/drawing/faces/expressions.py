"""Expressions as muscle actions."""

from __future__ import annotations

import numpy as np

from tlhelpers.data.drawing.brushes import Chance
from tlhelpers.data.votes import EMOTIONS

ACTIONS = (
    "inner_brow_up",  # action unit 1
    "outer_brow_up",  # 2
    "brow_down",  # 4
    "lid_up",  # 5
    "cheek_up",  # 6
    "lid_tight",  # 7
    "nose_wrinkle",  # 9
    "lip_up",  # 10
    "smile",  # 12
    "smirk",  # 12 and 14 on one side only
    "corner_down",  # 15
    "chin_up",  # 17
    "pucker",  # 18
    "stretch",  # 20
    "press",  # 24
    "part",  # 25
    "jaw_drop",  # 26, 27
    "lid_droop",  # 43
    "brow_skew",  # 2 on one side, 4 on the other
)
"""Muscle actions, after the action units of the Facial Action Coding System (Ekman and Friesen
1978): what the numbers beside them stand for there. 0 is at rest, 1 is strong."""

# How each emotion is shown: some ways to show it, each with its actions. What belongs to an
# emotion follows the prototypes of Ekman and Friesen (EMFACS), e.g. surprise 1+2+5+26.
WAYS: dict[str, tuple[dict[str, float], ...]] = {
    "neutral": ({},),
    "happiness": (
        dict(smile=0.9, cheek_up=0.7, part=0.15),
        dict(smile=1.1, cheek_up=0.8, part=0.7, lip_up=0.3),
        dict(smile=1.0, cheek_up=1.0, part=0.7, jaw_drop=0.45, lip_up=0.3, inner_brow_up=0.2),
        dict(smile=0.95, cheek_up=0.5, part=0.55, jaw_drop=0.15),
    ),
    "surprise": (
        dict(inner_brow_up=1.0, outer_brow_up=1.0, lid_up=0.9, jaw_drop=0.95, part=0.6, pucker=0.7),
        dict(inner_brow_up=1.1, outer_brow_up=1.1, lid_up=1.0, jaw_drop=0.6, part=0.5, pucker=0.9),
        dict(inner_brow_up=0.9, outer_brow_up=1.0, lid_up=1.0, jaw_drop=1.2, part=0.7, pucker=0.4),
    ),
    "sadness": (
        dict(inner_brow_up=1.0, brow_down=0.4, corner_down=1.0, chin_up=0.7, lid_droop=0.45),
        dict(inner_brow_up=0.9, brow_down=0.5, corner_down=1.1, lid_droop=0.9, chin_up=0.3),
        dict(
            inner_brow_up=1.0, brow_down=0.5, corner_down=1.0, part=0.6, jaw_drop=0.35,
            lid_tight=0.6, lid_droop=0.35, cheek_up=0.4,
        ),
    ),
    "anger": (
        dict(brow_down=1.1, lid_up=0.5, lid_tight=0.3, press=1.0, corner_down=0.45),
        dict(brow_down=1.2, lid_up=0.5, lip_up=0.6, part=1.0, stretch=0.4, nose_wrinkle=0.3,
             corner_down=0.3),
        dict(brow_down=1.2, lid_up=0.3, lid_tight=0.4, lip_up=0.7, part=0.8, jaw_drop=1.0,
             stretch=0.35, nose_wrinkle=0.4, corner_down=0.3),
    ),
    "disgust": (
        dict(nose_wrinkle=1.2, lip_up=1.1, brow_down=0.6, lid_tight=0.9, corner_down=0.7,
             cheek_up=0.4, chin_up=0.6),
        dict(nose_wrinkle=1.2, lip_up=1.2, brow_down=0.5, lid_tight=1.0, part=0.55,
             corner_down=0.6, cheek_up=0.5),
    ),
    "fear": (
        dict(inner_brow_up=1.2, outer_brow_up=0.3, brow_down=0.3, lid_up=1.2, stretch=1.2,
             part=0.7, jaw_drop=0.35, corner_down=0.4),
        dict(inner_brow_up=1.2, outer_brow_up=0.4, brow_down=0.3, lid_up=1.2, stretch=1.0,
             part=0.6, jaw_drop=0.75, corner_down=0.35),
        dict(inner_brow_up=1.1, outer_brow_up=0.3, brow_down=0.4, lid_up=1.1, stretch=1.3,
             part=0.8, corner_down=0.5),
    ),
    "contempt": (
        dict(smirk=1.25, press=0.3, brow_skew=1.0, lid_droop=0.6),
        dict(smirk=1.15, chin_up=0.5, brow_skew=1.4, lid_droop=0.6),
    ),
}  # fmt: skip


def _table() -> np.ndarray:
    """WAYS as numbers, shape (8, most ways, actions); shorter lists go round again."""
    most = max(map(len, WAYS.values()))
    table = np.zeros((len(EMOTIONS), most, len(ACTIONS)), np.float32)
    for row, emotion in zip(table, EMOTIONS, strict=True):
        for i, way in enumerate(row):
            for name, strength in WAYS[emotion][i % len(WAYS[emotion])].items():
                way[ACTIONS.index(name)] = strength
    return table


def draw_actions(rng: np.random.Generator, mixture: np.ndarray) -> dict[str, np.ndarray]:
    """What the muscles of faces do that show a mixture of emotions.

    Emotions add up, each in its own strength; what is neutral in the mixture moves nothing. So
    a face that half of all people would call happy smiles by half.

    Parameters
    ----------
    rng : numpy.random.Generator
    mixture : float array, shape (n, 8)
        Share of people who would vote for each emotion; rows sum to 1.

    Returns
    -------
    dict of str to float32 array, shape (n, 1, 1)
        Strength of each of ACTIONS.
    """
    n = len(mixture)
    chance = Chance(rng, n)
    table = _table()
    # Each person has one way for each emotion, with a touch of another.
    way = np.stack([chance.each(0, 1, len(EMOTIONS)).argsort(1) % table.shape[1] for _ in "ab"])
    first, other = table[np.arange(len(EMOTIONS)), way]
    touch = 0.35 * chance.each(0, 1, len(EMOTIONS), 1)
    ways = first + touch * (other - first)
    # People name the stronger emotion before they see the other one whole.
    shown = mixture**1.1
    shown /= shown.sum(axis=1, keepdims=True)
    strength = 1.12 * shown * chance.each(0.8, 1.2, len(EMOTIONS))
    actions = (strength[..., None] * ways).sum(axis=1)
    actions += 0.07 * rng.standard_normal(actions.shape)  # No two people move alike.
    return {name: actions[:, i, None, None].astype(np.float32) for i, name in enumerate(ACTIONS)}
