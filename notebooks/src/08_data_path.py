# %% [markdown]
# # Before anything else: what is your network fed?
#
# **In one sentence.** Strange validation curves often come from the data and not from the network. Three
# checks, a minute each, show most such faults.
#
# **You will be able to** check that training and validation get the same inputs, recognize common faults
# from the curve, and fix them.
#
# **Time.** 10 minutes to read, 1 to train, 9 for the exercises. **You need**
# [page 00](00_start_here.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl  # first: TensorFlow starts quietly then

import keras
import numpy as np

from tlhelpers.data import stripes

x, y = stripes.images(1600, seed=1)
x_val, y_val = stripes.images(800, seed=2)

# %% [markdown]
# ## See it
#
# A small network in plain Keras. It classifies the direction of stripes and trains in seconds.


# %%
def train(x, y, validation=None, **fit):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 127.5, -1)])
    for width in (16, 32, 32):
        model.add(keras.layers.Conv2D(width, 3, 2, "same", use_bias=False))
        model.add(keras.layers.BatchNormalization(momentum=0.9))
        model.add(keras.layers.ReLU())
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(stripes.CLASSES, "softmax"))
    adam = keras.optimizers.Adam(2e-3)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    epochs = 5 if profile != "smoke" else 2
    past = model.fit(x, y, epochs=epochs, validation_data=validation, verbose=0, **fit)
    return model, past.history


# %% [markdown]
# Now break it. Each line changes something about the data, and nothing about the network.

# %% slide="figure"
folders = np.argsort(y, kind="stable")  # files usually come class by class
x_files, y_files = x[folders], y[folders]

model, healthy = train(x, y, (x_val, y_val))
trainings = {
    "healthy": healthy,
    "scaled twice": train(x / 255, y, (x_val / 255, y_val))[1],
    "validation scaled\ntwice": train(x, y, (x_val / 255, y_val))[1],
    "last fifth\nheld out": train(x_files, y_files, validation_split=0.2)[1],
    "validation with\nwrong labels": train(x, y, (x_val, np.roll(y_val, 1)))[1],
}
tl.plots.history(
    trainings,
    "One network: healthy, and broken four times by its data",
    "Dashed: training. Points: validation. Five classes, so chance is 0.2.",
    metric="accuracy",
)

# %% [markdown]
# Scaled twice, both sides stay at chance. With validation scaled twice, and with wrong labels, training learns and
# validation does not follow. The held-out fifth scores zero at first and climbs late: all its validation images
# are of one class, which training hardly sees. The healthy one validates better than it trains. That is normal:
# training accuracy is an average over the epoch.
#
# ## Why
#
# A network only knows the inputs it was trained on. If validation has another range or wrong labels, the score
# measures that mismatch, not the network. Fine-tuning adds a trap:
# each backbone wants its own inputs. Keras's EfficientNet scales inside the model, and a second division
# leaves almost no contrast. In [one report](https://github.com/tensorflow/tensorflow/issues/43938), the pretrained network adapted to
# that in training, and its validation stayed near chance.
#
# Keras's ResNet50 does not scale inside. Give raw pixels from 0 to 255 to its own `preprocess_input`, once.

# %%
own = keras.applications.resnet50.preprocess_input
for name, images in {
    "0 to 255, then ResNet50's": x_val,
    "/255, then ResNet50's": x_val / 255,
}.items():
    fed = own(images.copy())
    print(f"{name}: {fed.min():.0f} to {fed.max():.0f}")

# %% [markdown]
# In the second line every image is nearly one flat color. What is left is the different mean
# subtracted from each channel. (The function changes a float array in place: give it a copy.)
#
# ## In Keras
#
# Three checks, before you touch the network. **Evaluate twice with the same weights.** The two results may
# differ in the last digits only. **Compare a training batch with a validation batch**, exactly as
# they leave your pipeline, and both with what your model wants. ResNet50 wants 0 to 255 if
# `preprocess_input` is a part of the model, else the range in the first printed line; other backbones differ. **Look at ten
# validation images beside their labels**: wrong labels pass the first two checks.
#
# The function `look` makes the first two. It takes functions, not arrays, so
# that it can run your pipeline twice. An array in memory would be the same both times.


# %% slide="code" slide_to="evaluate:"
def look(model, train, validation):
    for name, side in {"training": train, "validation": validation}.items():
        x, y = map(np.asarray, side())
        one_hot = y.ndim > 1 and y.shape[-1] > 1
        labels = y.argmax(axis=-1) if one_hot else y.ravel().astype(int)
        print(f"{name}: {x.dtype} {x.shape[1:]}, from {x.min():.3g} to {x.max():.3g},", end=" ")
        print(f"mean {x.mean():.3g}, labels {np.bincount(labels).tolist()}")
    for _ in range(2):  # the same weights, and what should be the same images
        results = model.evaluate(*validation(), verbose=0, return_dict=True)
        print("evaluate:", ", ".join(f"{name} {value:.5g}" for name, value in results.items()))


look(model, lambda: (x, y), lambda: (x_val, y_val))

# %% [markdown]
# With `tf.data`, pass `lambda: next(iter(train))`. For validation, pass the whole set, since a shuffled one begins with
# other images each time: `lambda: map(np.concatenate, zip(*validation))`. If it does not fit in memory, give `look` one batch,
# ignore its two `evaluate` lines, and call `model.evaluate(validation)` twice yourself.
#
# | what you see | what to look at | what to do |
# | --- | --- | --- |
# | two evaluations differ | validation data that is augmented, or split again each time | [augment training only](https://github.com/keras-team/keras/issues/10458); [split once](https://github.com/tensorflow/tensorflow/issues/59279) |
# | training good, validation at chance | ranges; a few images with their labels; how often inputs are scaled, the model's own layers included | one function prepares both sides, and scales once; never shuffle images without their labels. If all is fine: [BatchNorm](04_batchnorm_lags.ipynb) |
# | validation accuracy near zero | labels of the last rows | [shuffle before `validation_split`](https://github.com/keras-team/keras/issues/8346) |
# | training loss jumps at each epoch's start | labels of a few batches | [shuffle everything](https://github.com/IBM/graph2tac/pull/95): the file names, before images are read |
# | both stuck: one answer for all images (with balanced classes, loss near ln(number of classes)) | what arrives at the backbone; loss and activation; the rate | its own `preprocess_input`, once; a loss that fits the last layer; a lower rate |
#
# The batch itself can be at fault. With a handful of images in a batch, BatchNorm's batch statistics are noisy.
# And [one unscaled image among good ones](https://github.com/keras-team/keras/issues/12851) can
# drag the statistics of its whole batch.
#
# ## Does it help?
#
# Repairing a broken pipeline helps at once: compare the first panel above with the others. What about finer
# points?
#
# The faces question divides by 255 and enlarges its images. For its ResNet50 that is the fault above, and hardly any
# contrast is left. Our small EfficientNet-Lite0 does not scale inside, and gets half of the contrast that it was trained with. So here
# the fault is mild:

# %%
on_faces = tl.study("ferplus", profile, live, seeds).effects(["backbone-inputs", "size-48"])
tl.plots.effects(
    on_faces, "Faces: no clear effect of the backbone's own inputs, or of the image size"
)

# %% tags=["nbval-check-output"]
for effect in on_faces:
    print(effect)

# %% [markdown]
# So half the contrast does no harm that eight seeds can show. That says nothing of ResNet50, so keep `preprocess_input`.
#
# ## Try it
#
# **Exercise 1 (5 minutes).** Four validation pipelines, each with one fault: `augmented`, `scaled`,
# `shuffled` or `sorted`. `shuffled` pairs images with wrong labels, and `sorted` keeps only the last class.
# Which is which? `feeds["A"]()` gives images and labels.

# %%
feeds = {letter: stripes.pipeline(letter, x_val, y_val) for letter in "ABCD"}
for letter, feed in feeds.items():
    print(f"--- {letter}")
    look(model, lambda: (x, y), feed)

# %% tags=["exercise"]
my_answer = None  # {"A": "...", "B": "...", "C": "...", "D": "..."}

tl.check("08-name-it", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = {"A": "scaled", "B": "augmented", "C": "sorted", "D": "shuffled"}
# ```
#
# The range gives A away, and the labels give C away. C evaluates well, because this network was trained on
# every class. The two results of B differ. D is near chance, and wrong in the same way both times.
# </details>

# %% [markdown]
# **Exercise 2 (4 minutes).** A colleague trains with
# `train(x_files / 255, y_files, validation_split=0.2)`. The curves make no sense. Two things are wrong.
# Repair both, and answer with the history's `val_accuracy`.

# %% tags=["exercise"]
my_answer = None  # start from: _, history = train(x_files / 255, y_files, validation_split=0.2)

tl.check("08-repair", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# mixed = np.random.default_rng(0).permutation(len(x_files))
# _, history = train(x_files[mixed], y_files[mixed], validation_split=0.2)
# my_answer = history["val_accuracy"]
# ```
#
# The network scales inside, so the division has to go. And `validation_split` takes the last rows before
# it shuffles: mix images and labels with one permutation first.
# </details>

# %% [markdown]
# ## Key points
#
# - Evaluate twice with the same weights. If the results differ, repair validation before you go on.
# - Compare dtype, range, mean and labels of both sides, as they leave your pipeline, and look at ten images with their labels.
# - Each backbone has its own `preprocess_input`. Apply it exactly once.
#
# **Read more:** [Keras applications](https://keras.io/api/applications/) on inputs. The
# [doctor](15_your_own_training.ipynb) makes the first two checks for you. It tests the labels as well, but not
# all wrong labels show: look at some yourself.
