"""How a synthetic fundus photograph is drawn: the eye, its vessels and lesions, the camera.

Everything is laid out in image coordinates, x to the right and y downwards, both from
-1 to 1, whatever the size in pixels; so a patient looks the same at 64 and at 224 px.
Vessels are laid out in the *eye's* frame first: the optic disc at the origin, u towards
the temple (the fovea lies at u = FOVEA), v downwards.

Light is treated as in a real eye: the ground reflects it, melanin and blood absorb it
(Beer and Lambert), pale deposits hide the ground. The camera then adds its own faults.
Images are float32 of shape (n, 3, size, size) until the camera is done with them.

Numbers without a source were chosen by eye, from contact sheets.
"""
