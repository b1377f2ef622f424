"""'Predict, then run': a guess beside the measurement."""

from __future__ import annotations


def guessed(guess: float | str | None, measured: float | str, unit: str = "") -> str:
    """One sentence that puts a learner's guess beside what was measured.

    Parameters
    ----------
    guess : number, text or None
        None or an empty text: no guess was made, and nothing is held against it.
    measured : number or text
        Of the same kind.
    unit : str
        Follows the numbers.

    Returns
    -------
    str
    """
    found = _words(measured, unit)
    if guess is None or guess == "":
        return f"No guess yet. Measured: {found}."
    if isinstance(measured, str):
        same = str(guess).strip().lower() == measured.lower()
        return f"You guessed {guess}. Measured: {found}. {'That is it.' if same else 'Surprised?'}"
    try:
        value = float(guess)
    except ValueError:
        return f"Your guess '{guess}' is not a number. Measured: {found}."
    return f"You guessed {_words(value, unit)}. Measured: {found}."


def _words(value: float | str, unit: str) -> str:
    text = value if isinstance(value, str) else f"{value:.3g}"
    return f"{text} {unit}".strip()
