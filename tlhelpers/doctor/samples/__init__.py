"""A sample of what `fit` will get, read without changing what `fit` will get.

`read` takes what one gives to `fit`: arrays, a `keras.utils.PyDataset` (the old
`ImageDataGenerator(...).flow(...)` too), a `tf.data.Dataset`, a torch `DataLoader`. After it,
training goes on bit by bit as if nobody had read:

- a `PyDataset` or a `DataLoader` is read from a private deep copy; large arrays are shared with
  it as read-only views, so code that shuffles them in place raises instead of doing harm;
- a `tf.data.Dataset` is built once more, with shuffle seeds, caches and variables of its own;
- random generators (`random`, NumPy, torch, Keras, TensorFlow; global, or anywhere in the
  program) and the global variables that the code of the source uses are put back.

What cannot be read so is a `NotRead` with the reason. Call `read` where `fit` reads nothing: in
`on_train_begin`, `on_epoch_begin` or `on_epoch_end` of a callback, or before `fit`. Code that
writes files, or counts on a server, does so for our copy, too.

Only NumPy is imported here: of TensorFlow, torch and JAX what the program has loaded itself.
"""

from tlhelpers.doctor.samples.digest import digests
from tlhelpers.doctor.samples.reading import random_ops, read
from tlhelpers.doctor.samples.sample import NotRead, Sample

__all__ = ["NotRead", "Sample", "digests", "random_ops", "read"]
