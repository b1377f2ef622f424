"""How a synthetic face is drawn: its expression, the person, the features, the camera.

An expression is a set of muscle actions; a person wears it on a face of their own. The face is
laid out in its own frame, seen from the front: the origin between eyes and nose, u towards the
right of the image, v downwards, the chin near v = 1. It is a relief with a colour: the relief
is lit, the colour is what the light falls on. Turning the head shifts the features on the
rounded head. The camera then adds its own faults. Nothing hangs on the size in pixels but the
grain, and edges that are never sharper than a pixel.

Fields are float32 of shape (n, size, size); numbers of each image have the shape (n, 1, 1),
so that they meet fields.

Numbers without a source were chosen by eye, from contact sheets.
"""
