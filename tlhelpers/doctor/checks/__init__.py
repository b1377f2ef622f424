"""What can be seen without training: are both sides fed alike, in which order, and with what?

Each check takes samples or the model, and gives a `Diagnosis` or None. None of them trains or
changes anything.
"""
