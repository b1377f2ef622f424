"""Who is in the image, and how they hold their head."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from tlhelpers.data.drawing.brushes import Chance, grid


@dataclass(frozen=True)
class People:
    """People in front of the camera; float32 arrays, shape (n, 1, 1).

    Attributes
    ----------
    x, y, zoom, roll, yaw, pitch : where the head is, how large, and how it is turned (radians)
    width, chin, jaw : half-width of the head, where the chin ends, how square the jaw is
    tone : how much light the skin reflects, 0 to 1
    age : 0 young to 1 old: lines, grey hair
    eye_apart, eye_size, brow_weight, brow_gap, nose, nose_width, lips, mouth_width : features
    gaze_x, gaze_y : where the eyes look
    hair_tone, hairline, hair_volume, length : the hair; bald above 0.9 of `hairline`
    beard, moustache : how dense, 0 for none
    glasses, dark_glasses : 1 for those who wear some
    """

    x: np.ndarray
    y: np.ndarray
    zoom: np.ndarray
    roll: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray
    width: np.ndarray
    chin: np.ndarray
    jaw: np.ndarray
    tone: np.ndarray
    age: np.ndarray
    eye_apart: np.ndarray
    eye_size: np.ndarray
    brow_weight: np.ndarray
    brow_gap: np.ndarray
    nose: np.ndarray
    nose_width: np.ndarray
    lips: np.ndarray
    mouth_width: np.ndarray
    gaze_x: np.ndarray
    gaze_y: np.ndarray
    hair_tone: np.ndarray
    hairline: np.ndarray
    hair_volume: np.ndarray
    length: np.ndarray
    beard: np.ndarray
    moustache: np.ndarray
    glasses: np.ndarray
    dark_glasses: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, n: int) -> People:
        """n people, all strangers."""
        chance = Chance(rng, n)

        def each(low, high):
            return chance.each(low, high, 1, 1)

        def about(spread):
            return each(-1, 1) * each(0, 1) * np.float32(spread)

        age = each(0, 1) ** 1.5
        woman = chance.happens(0.5, 1, 1)
        dark = each(0, 1) ** 1.8
        hairy = ~woman & (age > 0.15)
        bearded = hairy & chance.happens(0.25, 1, 1)
        short = hairy & chance.happens(0.8, 1, 1)
        bald = hairy & chance.happens(0.18, 1, 1)
        drawn = dict(
            x=about(0.14),
            y=about(0.12) + np.float32(0.0),
            zoom=each(0.98, 1.34),
            roll=about(0.42),
            yaw=about(0.62),
            pitch=about(0.22),
            width=each(0.62, 0.73),
            chin=each(0.88, 1.02),
            jaw=each(1.9, 2.9),
            tone=0.86 - 0.50 * dark,
            age=age,
            eye_apart=each(0.275, 0.325),
            eye_size=each(0.9, 1.15),
            brow_weight=each(0.45, 0.85) + 0.3 * ~woman,
            brow_gap=each(0.195, 0.245),
            nose=each(0.7, 1.3),
            nose_width=each(0.10, 0.15),
            lips=each(0.6, 1.1) + 0.2 * woman,
            mouth_width=each(0.22, 0.28),
            gaze_x=about(0.06),
            gaze_y=about(0.025),
            hair_tone=np.where(
                chance.happens(0.2, 1, 1) & (age > 0.6), each(0.5, 0.8), each(0.03, 0.6)
            )
            * np.where(dark > 0.4, 0.3, 1),
            hairline=np.where(bald, 0.95, each(0.0, 0.8)),
            hair_volume=np.where(short | bald, each(0.03, 0.08), each(0.08, 0.24)),
            length=np.where(short | bald, 0.0, each(0.3, 2.2)),
            beard=np.where(bearded, each(0.3, 0.9), 0.0),
            moustache=np.where(bearded | (hairy & chance.happens(0.08, 1, 1)), each(0.3, 0.9), 0.0),
            glasses=chance.happens(0.10, 1, 1),
            dark_glasses=chance.happens(0.015, 1, 1),
        )
        return cls(**{f.name: np.asarray(drawn[f.name], np.float32) for f in fields(cls)})


@dataclass(frozen=True)
class Frame:
    """Where each pixel lies; float32 arrays, shape (n, size, size), and the width of a pixel.

    Attributes
    ----------
    a, b : in the frame of the head as the camera sees it: right and down from its middle
    u, v : in the frame of the face as seen from the front
    pixel : width of a pixel in these frames, shape (n, 1, 1)
    """

    a: np.ndarray
    b: np.ndarray
    u: np.ndarray
    v: np.ndarray
    pixel: np.ndarray

    @classmethod
    def of(cls, people: People, size: int) -> Frame:
        """Move, roll and turn the heads."""
        x, y = grid(size)
        x, y = (x - people.x) / people.zoom, (y - people.y) / people.zoom
        cos, sin = np.cos(people.roll), np.sin(people.roll)
        a, b = x * cos + y * sin, y * cos - x * sin
        # On a round head a turn moves the middle most and squeezes the side turned away.
        u = a * np.cos(people.yaw) - np.sqrt((0.8**2 - a**2).clip(0.01)) * np.sin(people.yaw)
        v = b * np.cos(people.pitch) - np.sqrt((1.1**2 - b**2).clip(0.01)) * np.sin(people.pitch)
        return cls(a, b, u, v, 2 / size / people.zoom)
