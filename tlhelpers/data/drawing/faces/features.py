"""What is in a face, drawn onto its relief and its colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlhelpers.data.drawing.brushes import edge
from tlhelpers.data.drawing.faces.people import Frame, People

EYES, MOUTH = -0.12, 0.47  # heights in the face's frame

Actions = dict[str, np.ndarray]


@dataclass(frozen=True)
class Face:
    """Faces being drawn; float32 arrays, shape (n, size, size), changed in place.

    Attributes
    ----------
    relief : height towards the camera
    colour : share of light that is reflected, 0 to 1
    """

    relief: np.ndarray
    colour: np.ndarray

    def cover(self, mask: np.ndarray, colour: np.ndarray | float) -> None:
        """Lay a colour over the face where the mask is 1."""
        self.colour[...] += mask * (colour - self.colour)

    def darken(self, mask: np.ndarray) -> None:
        """Take away the share `mask` of the light."""
        self.colour[...] *= 1 - mask


def bump(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A round hill, 1 high, one wide."""
    return np.exp(-(x * x) - y * y)


def line(distance: np.ndarray, width: np.ndarray | float, pixel: np.ndarray) -> np.ndarray:
    """A soft stroke where the distance is 0; thinner than a pixel it gets fainter instead."""
    wide = np.hypot(width, 0.45 * pixel)
    return np.exp(-((distance / wide) ** 2)) * (width / wide)


def inside(value: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    """1 where a distance is positive, with an edge about a pixel wide."""
    return edge(value, np.maximum(1.2 * pixel, 0.03))


def draw_features(face: Face, frame: Frame, people: People, actions: Actions) -> None:
    """Nose, cheeks, lines, brows, eyes, mouth, in this order."""
    _nose(face, frame, people, actions)
    _cheeks(face, frame, people, actions)
    _lines(face, frame, people, actions)
    _hair_on_face(face, frame, people, actions)
    _mouth(face, frame, people, actions)
    _eyes(face, frame, people, actions)
    _brows(face, frame, people, actions)


def _nose(face: Face, frame: Frame, people: People, act: Actions) -> None:
    """Bridge, tip, wings and nostrils; wrinkled across the bridge in disgust."""
    u, v = frame.u, frame.v
    side = np.abs(u)
    lift = 0.05 * act["nose_wrinkle"]
    tip = 0.20 - lift
    face.relief[...] += people.nose * (
        0.075 * np.exp(-((u / 0.085) ** 2)) * edge(v + 0.22, 0.5) * edge(tip + 0.03 - v, 0.08)
        + 0.07 * bump(u / 0.09, (v - tip + 0.02) / 0.08)
    )
    wing = people.nose_width * (1 + 0.18 * act["nose_wrinkle"])
    face.relief[...] += 0.05 * bump((side - wing) / 0.05, (v - tip - 0.01) / 0.06)
    face.darken(0.55 * bump((side - 0.55 * wing) / 0.05, (v - tip - 0.055) / 0.026))
    face.darken(0.25 * bump((side - 1.3 * wing) / 0.03, (v - tip - 0.01) / 0.06))
    face.darken(0.12 * bump(u / 0.12, (v - tip - 0.10) / 0.05))  # its shadow
    wrinkle = act["nose_wrinkle"].clip(0)
    waves = 0.5 + 0.5 * np.cos((v + 0.4 * side) * 60)
    face.darken(0.45 * wrinkle * waves * bump(u / 0.11, (v + 0.03) / 0.13))


def _cheeks(face: Face, frame: Frame, people: People, act: Actions) -> None:
    """Sockets, cheekbones, chin; cheeks are pushed up by a smile."""
    side, v = np.abs(frame.u), frame.v
    up = (0.5 * act["smile"] + 0.8 * act["cheek_up"]).clip(0)
    face.relief[...] -= 0.07 * bump((side - people.eye_apart + 0.03) / 0.17, (v - EYES) / 0.10)
    face.darken(0.20 * bump((side - people.eye_apart + 0.05) / 0.17, (v - EYES + 0.02) / 0.10))
    face.relief[...] += (0.05 + 0.08 * up) * bump(
        (side - 0.37) / 0.16, (v - 0.20 + 0.04 * up) / 0.13
    )
    face.relief[...] += 0.05 * bump(frame.u / 0.18, (v - people.chin + 0.12) / 0.10)
    dimples = act["chin_up"].clip(0)
    face.relief[...] += 0.05 * dimples * bump(frame.u / 0.12, (v - 0.74) / 0.08)
    face.darken(0.22 * dimples * bump(frame.u / 0.15, (v - 0.645) / 0.03))
    face.darken(0.16 * bump(frame.u / 0.14, (v - 0.66) / 0.05))  # below the lower lip


def _lines(face: Face, frame: Frame, people: People, act: Actions) -> None:
    """Folds from nose to mouth, frown, forehead and lines of age."""
    u, v, pixel, age = frame.u, frame.v, frame.pixel, people.age
    side = np.abs(u)
    # From beside the nose down past the corner of the mouth.
    smile = (act["smile"] + edge(u, 0.3) * act["smirk"]).clip(-0.3, 1.3)
    sneer = (act["lip_up"] + 0.7 * act["nose_wrinkle"]).clip(0)
    fold = (
        0.10 + 0.35 * age + 0.55 * smile.clip(0) + 0.45 * sneer + 0.2 * act["corner_down"].clip(0)
    )
    down = v - 0.16 + 0.05 * act["nose_wrinkle"]
    path = 0.155 + (0.42 + 0.2 * smile) * down + 0.03 * sneer
    along = edge(down + 0.01, 0.06) * edge(0.37 - 0.05 * smile - down, 0.14)
    face.darken(0.5 * fold.clip(0, 1.3) * line(side - path, 0.030, pixel) * along)
    face.relief[...] += 0.05 * fold * bump((side - path - 0.09) / 0.09, (down - 0.12) / 0.12)
    # Frown: two short lines between the brows, and a furrow.
    frown = (act["brow_down"] - 0.25 - 0.25 * act["inner_brow_up"].clip(0)).clip(0)
    face.darken(0.55 * frown * bump((side - 0.055) / 0.026, (v + 0.31) / 0.075))
    face.darken(0.25 * frown * bump(u / 0.16, (v + 0.27) / 0.09))
    # Raised brows fold the forehead; the inner ones alone only its middle.
    raised = (0.6 * act["outer_brow_up"] + 0.45 * act["inner_brow_up"]).clip(0) * (0.3 + 0.7 * age)
    reach = 0.18 + 0.25 * act["outer_brow_up"].clip(0, 1)
    waves = np.cos((v - 0.12 * u * u + 0.47) * 48).clip(0) ** 2
    stern = 0.35 * raised + 0.16 * age
    face.darken(stern * waves * bump(u / reach, (v + 0.53) / 0.10))
    # Crow's feet, bags.
    feet = 0.5 * np.cos((v - EYES) * 70 - 20 * (side - 0.5)).clip(0)
    squint = (0.4 * age + 0.5 * act["cheek_up"]).clip(0)
    face.darken(squint * feet * bump((side - 0.52) / 0.07, (v - EYES) / 0.08))
    bags = 0.06 + 0.24 * age + 0.12 * act["cheek_up"].clip(0) + 0.15 * act["lid_tight"].clip(0)
    low = EYES + 0.10 + 0.9 * (side - people.eye_apart) ** 2 * -1
    within = edge(0.16 - np.abs(side - people.eye_apart), 0.08)
    face.darken(bags * line(v - low, 0.025, pixel) * within)


def _hair_on_face(face: Face, frame: Frame, people: People, act: Actions) -> None:
    """Beard and moustache."""
    u, v = frame.u, frame.v
    jaw = edge(v - 0.56 + 0.35 * np.abs(u) - 1.4 * (np.abs(u) - 0.28).clip(0), 0.14)
    tone = 0.8 * people.hair_tone
    face.cover(0.85 * people.beard * jaw, tone)
    lip = bump(u / 0.24, (v - 0.345 - 0.3 * u * u + 0.04 * act["lip_up"]) / 0.05)
    face.cover(0.85 * people.moustache * lip, tone)


def _brows(face: Face, frame: Frame, people: People, act: Actions) -> None:
    """Brows from an inner to an outer end, raised and lowered apart."""
    side, v = np.abs(frame.u), frame.v
    skew = act["brow_skew"] * (1.5 * edge(frame.u, 0.1) - 0.5)
    inner = people.eye_apart - 0.21 - 0.035 * act["brow_down"].clip(0)
    t = (side - inner) / 0.36
    s = t.clip(0, 1)
    height = EYES - people.brow_gap - 0.055 * np.sin(np.pi * s**1.3) * (1 - 0.6 * act["brow_down"])
    height = height + 0.06 * s
    height = height - (1 - s) * 0.125 * act["inner_brow_up"] - s * 0.11 * act["outer_brow_up"]
    height = height + (0.055 + 0.095 * (1 - s)) * act["brow_down"] * (
        1 - 0.7 * act["inner_brow_up"].clip(0, 1)
    )
    height = height + 0.035 * act["nose_wrinkle"] * (1.3 - s) - 0.075 * skew * (0.4 + s)
    thick = (0.052 - 0.026 * s) * (0.55 + 0.6 * people.brow_weight)
    mask = line(v - height, thick, frame.pixel) * edge(t + 0.02, 0.12) * edge(1.02 - t, 0.2)
    weight = (people.brow_weight * (1 - 0.3 * people.age)).clip(0, 1)
    face.cover((1.1 * weight * mask).clip(0, 1), 0.5 * people.hair_tone + 0.02)
    face.relief[...] += 0.035 * line(v - height, 0.06, frame.pixel) * edge(0.9 - t, 0.5)


def _eyes(face: Face, frame: Frame, people: People, act: Actions) -> None:
    """White, iris, pupil, glint, lids and lashes."""
    u, v, pixel = frame.u, frame.v, frame.pixel
    side = np.abs(u)
    half = 0.155 * people.eye_size
    t = (side - people.eye_apart) / half
    arch = (1 - t * t).clip(0)
    # Sadness pulls the inner end of the lid up, the outer end down.
    tilt = t * (0.012 + 0.03 * act["inner_brow_up"] * (1 - act["outer_brow_up"].clip(0, 1)) - 0.02)
    squint = 0.45 * act["cheek_up"] + 0.5 * act["lid_tight"] + 0.3 * act["nose_wrinkle"]
    open_up = 1 + 0.75 * act["lid_up"] - 0.65 * act["lid_droop"] - 0.45 * squint
    open_low = 1 + 0.25 * act["lid_up"] - 0.75 * squint - 0.1 * act["lid_droop"]
    up = (0.066 * people.eye_size * open_up).clip(0.004)
    low = (0.046 * people.eye_size * open_low).clip(0.004)
    # A frown presses on the inner half of the lid.
    press = 0.022 * act["brow_down"] * edge(-t, 1.6) * (1 - act["inner_brow_up"].clip(0, 1))
    upper, lower = EYES - up * arch + press + tilt, EYES + low * arch + tilt
    gap = inside(np.minimum(v - upper, lower - v), 0.8 * pixel) * edge(1 - np.abs(t), 0.2)
    face.cover(gap, 0.80 * np.sqrt(people.tone / 0.8).clip(0.72))
    x = side - people.eye_apart - people.gaze_x * np.sign(u)
    y = v - EYES - people.gaze_y + 0.012
    away = np.sqrt(x * x + y * y)
    face.cover(gap * inside(0.068 - away, pixel), 0.16)
    face.cover(gap * inside(0.032 - away, pixel), 0.03)
    face.cover(0.9 * gap * bump((x + 0.02) / 0.022, (y + 0.025) / 0.022), 1.0)
    face.darken(0.3 * gap * line(v - upper, 0.03, pixel))  # the lid's shadow
    within = edge(1.12 - np.abs(t), 0.3)
    face.cover(0.9 * within * line(v - upper + 0.006, 0.022, pixel), 0.04)
    face.cover(0.40 * within * line(v - lower - 0.006, 0.016, pixel), 0.08)
    crease = upper - 0.045 - 0.02 * act["lid_droop"]
    face.darken(0.30 * within * line(v - crease, 0.018, pixel))


def _mouth(face: Face, frame: Frame, people: People, act: Actions) -> None:
    """Lips, and between them teeth, tongue and the dark."""
    u, v, pixel = frame.u, frame.v, frame.pixel
    drop, part = act["jaw_drop"].clip(0), act["part"].clip(0)
    smile = act["smile"] + edge(u, 0.3) * act["smirk"]
    pucker = act["pucker"].clip(0)
    wide = people.mouth_width * (
        1 + 0.45 * smile.clip(0) + 0.32 * act["stretch"].clip(0) - 0.36 * pucker
        - 0.10 * drop * (1 - act["smile"].clip(0, 1)) - 0.06 * act["chin_up"].clip(0)
    )  # fmt: skip
    t = (u / wide).clip(-1.3, 1.3)
    t2 = t * t
    arch = np.sqrt((1 - t2).clip(0))
    round_ = 0.5 + 0.5 * (pucker + drop - act["smile"] - act["stretch"]).clip(0, 1)
    bow = arch * round_ + (1 - t2 * t2).clip(0) * (1 - round_)  # round for O, square for bared
    lift = 0.125 * smile - 0.115 * act["corner_down"] - 0.03 * act["stretch"]
    middle = MOUTH + 0.35 * lift - 0.035 * act["chin_up"].clip(0) - 0.03 * act["nose_wrinkle"]
    middle = middle - lift * t2 + 0.012 * drop
    rise = 0.022 * part + 0.045 * act["lip_up"].clip(0) * (0.5 + 0.5 * part) + 0.10 * drop * pucker
    fall = 0.060 * part + 0.19 * drop - 0.02 * drop * pucker + 0.02 * act["stretch"].clip(0) * part
    gap_up, gap_low = middle - rise * bow, middle + fall * bow
    open_ = edge(part + drop - 0.28, 0.35)  # parted lips, or only a line between them
    gap = open_ * inside(np.minimum(v - gap_up, gap_low - v), pixel) * edge(1 - np.abs(t), 0.15)

    thin = 1 - 0.75 * act["press"].clip(0, 1.2) - 0.25 * act["smile"].clip(0, 1) + 0.25 * pucker
    thin = (people.lips * thin).clip(0.12)
    upper = gap_up - 0.062 * thin * (1 - t2).clip(0) * (1 + 0.25 * np.cos(9 * t) - 0.25)
    lower = gap_low + 0.085 * thin * (1 - t2).clip(0)
    lips = inside(np.minimum(v - upper, lower - v), 1.3 * pixel) * edge(1 - np.abs(t), 0.2)
    face.cover(0.75 * lips, people.tone * 0.62)
    face.relief[...] += 0.035 * bump(t / 0.8, (v - 0.5 * (gap_low + lower)) / 0.05)
    face.relief[...] += 0.02 * bump(t / 0.8, (v - 0.5 * (gap_up + upper)) / 0.04)

    face.cover(gap, 0.05)
    face.cover(0.6 * gap * edge(v - gap_low + 0.07, 0.08) * edge(drop - 0.3, 0.5), 0.28)  # tongue
    show = (0.3 + 1.1 * act["smile"] + 0.9 * act["stretch"] + 0.9 * act["lip_up"]
            - 0.9 * pucker).clip(0, 1)  # fmt: skip
    teeth = inside(gap_up + 0.085 - v, pixel) * edge(0.9 - np.abs(t), 0.2)
    face.cover(0.95 * show * gap * teeth, 0.88)
    bared = (act["stretch"] + 0.6 * act["lip_up"] - 0.5 * act["smile"] - 0.35).clip(0, 1)
    teeth = inside(v - gap_low + 0.055, pixel) * edge(0.85 - np.abs(t), 0.2)
    face.cover(0.9 * bared * gap * teeth, 0.82)
    seam = (1 - open_) * edge(1.03 - np.abs(t), 0.12)
    strength = 0.75 + 0.2 * act["press"].clip(0, 1)
    face.cover(strength * seam * line(v - middle, 0.024, pixel), 0.08)
    corners = bump((np.abs(t) - 1.0) / 0.14, (v - middle) / 0.05)
    face.darken((0.3 + 0.25 * np.abs(lift) / 0.1).clip(0, 0.6) * corners)
