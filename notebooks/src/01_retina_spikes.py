# %% [markdown]
# # The retina training jumps
#
# **In one sentence.** We rebuild a training that somebody asked about, in plain Keras, and its
# validation loss jumps the way they describe and many public logs show.
#
# **You will be able to** rebuild the training, tell a jump from overfitting, and say whether your own
# curve is unusual.
#
# **Time.** 7 minutes to read, 2 to train, 5 for the exercises. **You need**
# [page 00](00_start_here.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl  # first: TensorFlow starts quietly then

import keras

retina = tl.study("retinopathy", profile, live, seeds)
posted = retina.runs()

# %% [markdown]
# ## See it
#
# Somebody fine-tuned ResNet50 on 35,000 photographs of the retina: does this eye show diabetic
# retinopathy or not? The training loss fell. The validation loss went up and down, and training
# stopped after a few epochs. [The question](https://datascience.stackexchange.com/questions/121657):
# what stops the spikes?
#
# Here are four trainings with that recipe. Only the random seed differs.

# %% slide="figure"
shown = {f"seed {run.seed}": run.history for run in list(posted)[:4]}
tl.plots.history(
    shown,
    "Training improves steadily, validation jumps",
    f"Each validation point uses the same images; {posted.origin}.",
    metric="accuracy",
)

# %% [markdown]
# Look at seed 3. Within one epoch the validation loss nearly doubles, and the next one takes most of that back.
# Others jump less. **That is the first lesson.** A jump that goes away again is not
# overfitting. A rise that stays may be overfitting. (The training loss starts higher: Keras averages it over the
# epoch, and dropout is on.)
#
# ## The program
#
# To run on a laptop, we changed some things. The images are few, small, and drawn by a
# program. The backbone is the first two thirds of EfficientNet-Lite0, whose ImageNet weights are installed with the
# course. As most of the public logs below do, we use batches of 8 (the question used 32), divide inputs by 255 and flip at
# random.
#
# One line, `rescale`, makes all kernels eight times smaller. BatchNorm undoes that, so the outputs stay
# the same. But each step of Adam now changes the network as much as it would change ResNet50.
# [Page 06](06_step_length.ipynb) shows how.
#
# The rest is the question's own recipe: every layer trains, with this head, this loss, and Adam at
# `1e-4`.

# %% tags=["program"] slide="code" slide_from="x = keras.layers.GlobalAverage" slide_to="model.compile"
x_train, y_train, x_val, y_val = retina.case.arrays

keras.utils.set_random_seed(4)
base = tl.backbone("efficientnet-lite0").build(x_train.shape[1])
tl.similarity.rescale(base, 1 / 8)  # the same outputs, a step as long as ResNet50's
base = keras.Model(base.input, base.get_layer("block10_add").output)

images = keras.Input(x_train.shape[1:])
x = keras.layers.RandomFlip("horizontal")(images)
x = keras.layers.Rescaling(1 / 255)(x)
x = base(x)
x = keras.layers.GlobalAveragePooling2D()(x)
x = keras.layers.Dropout(0.5)(x)
x = keras.layers.Dense(32, "relu")(x)
x = keras.layers.Dropout(0.3)(x)
x = keras.layers.Dense(32, "relu")(x)
outputs = keras.layers.Dense(2, "softmax")(x)
model = keras.Model(images, outputs)
model.compile(keras.optimizers.Adam(1e-4), loss="binary_crossentropy", metrics=["accuracy"])

# %% [markdown]
# <details><summary>The question's own program, with ResNet50 at 224 pixels</summary>
#
# ```python
# {{program retinopathy posted}}
# ```
#
# The loss is the question's. In your own program, take `categorical_crossentropy` behind a softmax
# ([page 09](09_overfit_or_overconfident.ipynb)).
# </details>
#
# ## Train it here, now
#
# Eight epochs take about a minute and a half. Some seeds jump and some hardly do. If yours stays calm, put
# another seed into the program, and run the program and `fit` again. A rise in the last epoch is no jump yet:
# nobody knows whether it comes back.

# %%
history = model.fit(
    x_train,
    y_train,
    batch_size=8,
    epochs=8 if profile != "smoke" else 2,
    validation_data=(x_val, y_val),
    callbacks=[tl.ProgressBar()],
    verbose=0,
)

# %%
tl.plots.history(
    {"your run": history.history},
    "The same recipe, trained on this machine",
    "Dashed: training. Points: validation. The scale of the loss is logarithmic.",
    metric="accuracy",
)

# %% [markdown]
# ## Is this unusual?
#
# No. We read the logs of public Keras trainings. Most are by one author, including nearly all
# with ResNet50 at `1e-4`. *Jitter* measures how much the validation loss bounces from epoch to epoch. For
# ResNet50 at `1e-4`, bouncing is the rule. This page shows Keras's own `val_loss`. Later pages show the
# plain log loss (NLL), whose numbers are higher. [Page 03](03_is_it_noise.ipynb) defines jitter and NLL.

# %%
resnet50 = tl.study("retinopathy", "witness").judged()  # recorded; page 12 shows its curves
ours = {"our small network, as above": posted, "ResNet50 itself, at 48 px": resnet50.posted}
tl.plots.field_survey({"ResNet50": ours}, "Public runs of ResNet50 at 1e-4 jump, and so do ours")

# %% [markdown]
# Our small network jumps a little less than the typical public run, and ResNet50 itself more. On
# [page 12](12_retina_answer.ipynb) you see its curves, and what stops it.
#
# ## Try it
#
# **Exercise 1 (3 minutes).** Take the run with seed 3. By what factor did its validation
# loss rise in its worst single epoch?

# %% tags=["exercise"]
my_answer = None  # start from: losses = posted[3].curve("val_loss")

tl.check("01-worst-rise", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# losses = posted[3].curve("val_loss")
# my_answer = (losses[1:] / losses[:-1]).max()
# ```
#
# Divide each epoch's loss by the one before and take the largest quotient. The loss nearly doubled. A
# difference would mislead, because from 0.2 to 0.4 and from 0.5 to 1.0 are both a doubling.
# </details>

# %% [markdown]
# **Exercise 2 (2 minutes).** A friend's validation loss goes 0.31, 0.30, 0.57, 0.29, 0.30 while the
# training loss falls all the time. What can you rule out?
#
# a) a fault in how validation images are fed · b) overfitting · c) BatchNorm · d) a learning rate that
# is too high

# %% tags=["exercise"]
my_answer = None  # a letter, such as "a"

tl.check("01-rule-out", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = "b"
# ```
#
# An overfitted network does not become a good one again in the next epoch. The other three can all
# make a single epoch look bad.
# </details>

# %% [markdown]
# ## Key points
#
# - If the training loss falls while the validation loss jumps and comes back down, the jumps are not overfitting.
# - With ResNet50 and Adam at `1e-4`, public logs bounce like this too. That yours does is not unusual.
# - Our small version takes steps as long as ResNet50's. That is what makes it jump
#   ([page 06](06_step_length.ipynb)).
#
# <details><summary>How sure are we?</summary>
#
# The images are drawn, the network is smaller, and there are 200 steps in an epoch where the question
# had about 875. BatchNorm remembers half an epoch here, a ninth in the question ([page 04](04_batchnorm_lags.ipynb)). We settled on this
# recipe because its jitter falls within the range of the public logs, and before any cure was tried on it. Single runs of a
# larger version, cures included, had been seen. All choices are in
# [PROTOCOL.md](../recordings/PROTOCOL.md), all results on [page 14](14_everything_tried.ipynb).
# </details>
#
# **Read more:** [the question](https://datascience.stackexchange.com/questions/121657); the public logs
# are listed in [field_survey](../tlhelpers/data/field_survey.py).
