# %% [markdown]
# # Average the weights, then measure BatchNorm again
#
# **In one sentence.** Validate a moving average of the weights with BatchNorm statistics measured for
# that average, and the jumping all but disappears.
#
# **You will be able to** add the average to your own training, explain why Keras's callback alone
# misleads, and put the callbacks into an order that works.
#
# **Time.** 7 minutes to read, 10 for the exercises. **You need** [page 04](04_batchnorm_lags.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import keras

import tlhelpers as tl
from tlhelpers.data import stripes
from tlhelpers.training.averaging import UpdateBatchNorm

retina = tl.study("retinopathy", profile, live, seeds)
faces = tl.study("ferplus", profile, live, seeds)

# %% [markdown]
# ## See it
#
# The faces question, trained three ways from the same seeds.

# %%
tl.plots.curves(
    {
        "the question's recipe": faces.runs(),
        "SwapEMAWeights alone": faces.runs("weight-average"),
        "and fresh statistics": faces.runs("weight-average-update-bn"),
    },
    title="Averaging alone starts far too high; with fresh BatchNorm statistics the jumps are gone",
)

# %% [markdown]
# Left, every seed jumps. In the middle, Keras validates averaged weights, and the first epochs look
# terrible. Right, it validates the same average with statistics of its own.
#
# ## Why
#
# Near a good solution, each step overshoots a little, now to one side and now to the other. An average
# over many steps cancels that out and stays in the middle.
#
# But BatchNorm's running statistics are not weights. They are measured on what the *raw* weights let
# through. Averaged weights let something else through. `SwapEMAWeights` exchanges the weights and leaves
# the statistics as they are, so two halves of two different networks are validated together.
#
# You can see it inside one training. Nothing but the way of validating differs here:

# %%
run = faces.runs()[0]
tl.plots.readings(
    {f"seed {run.seed}": run},
    "One training: the average only shines with statistics of its own",
    columns=("val_nll", "val_nll_averaged", "val_nll_averaged_fresh"),
)

# %% [markdown]
# PyTorch knows this problem. After averaging you call
# [`update_bn`](https://pytorch.org/docs/stable/optim.html), which passes over training images and measures
# the statistics again. Keras has no such function. So we wrote a callback.
#
# ## In Keras
#
# ```diff
# {{changes ferplus weight-average-update-bn}}
# ```
#
# The optimizer keeps the average, with a memory of one epoch. `SwapEMAWeights` puts it in place for
# validation. Then `UpdateBatchNorm` measures the statistics for it. Training itself goes on as before.
#
# Pass it about a thousand training images, exactly as `fit` feeds them. Copy the class from here:
#
# <details><summary>UpdateBatchNorm, plain Keras</summary>
#
# ```python
# {{callback}}
# ```
# </details>
#
# ## Does it help?

# %%
changes = ["weight-average", "weight-average-update-bn"]
on_retina = retina.effects(changes)
tl.plots.effects(on_retina, "Retina: with fresh statistics, the average is steady")

# %%
on_faces = faces.effects(changes)
tl.plots.effects(on_faces, "Faces: with fresh statistics, the average is steady and scores better")

# %% tags=["nbval-check-output"]
for question, found in {"retina": on_retina, "faces": on_faces}.items():
    for effect in found:
        print(f"{question}: {effect}")

# %% [markdown]
# Measured for the average, it steadies both questions and costs neither of them score. Nothing about the
# step changes, so you need no new learning rate.
#
# The average alone shows no clear effect on either question.
#
# ## Try it
#
# **Exercise 1 (3 minutes).** You also want EarlyStopping, and the model that `fit` leaves should be the
# average of the best epoch. Keras calls callbacks in the order of the list. Put these three into the
# right order.

# %%
stop = keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True)
swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
update = UpdateBatchNorm(stripes.images(512, seed=1)[0])

# %% tags=["exercise"]
my_answer = None  # a list of the three: stop, swap, update

tl.check("07-order", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = [swap, update, stop]
# ```
#
# The average has to be in the model before its statistics can be measured. EarlyStopping stores what it
# finds in the model, so it comes last. With EarlyStopping in front, you end with raw weights, and no
# error tells you.
# </details>

# %% [markdown]
# **Exercise 2 (7 minutes).** A small network on drawn stripes. Train it twice for three epochs: once with
# `SwapEMAWeights` alone, once with `UpdateBatchNorm` as well. Compare the two `val_loss` of the first
# epoch. Make new callbacks for each training.


# %%
def train(callbacks, epochs=3):
    x, y = stripes.images(800, seed=1, noise=40)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 127.5, -1)])
    for width in (16, 32, 32):
        model.add(keras.layers.Conv2D(width, 3, 2, "same", use_bias=False))
        model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.ReLU())
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(stripes.CLASSES, "softmax"))
    adam = keras.optimizers.Adam(1e-2, use_ema=True, ema_momentum=1 - 1 / 50)
    model.compile(adam, "sparse_categorical_crossentropy")
    validation = stripes.images(400, seed=2, noise=40)
    past = model.fit(x, y, 16, epochs, verbose=0, callbacks=callbacks, validation_data=validation)
    return past.history["val_loss"]


# %% tags=["exercise"]
my_answer = None  # (first val_loss with swap alone, first val_loss with both)

tl.check("07-both-ways", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
# alone = train([swap])
# swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
# images, _ = stripes.images(800, seed=1, noise=40)
# both = train([swap, UpdateBatchNorm(images)])
# my_answer = (alone[0], both[0])
# ```
#
# The weights are the same in both trainings, step for step. Only the statistics differ, and early on
# they differ most.
# </details>

# %% [markdown]
# ## Key points
#
# - An average over about an epoch of steps cancels the bouncing of the weights.
# - The average needs BatchNorm statistics of its own. `SwapEMAWeights` does not measure them.
# - Check what your checkpoint holds: evaluate the model after `fit`, and compare with the best epoch.
#
# <details><summary>How sure are we?</summary>
#
# Eight pairs of seeds for each question, on drawn images, corrected for the number of changes tried. On
# the retina the score shows no clear effect. Where the weights move slowly, or BatchNorm is frozen,
# there is little to average away, and `SwapEMAWeights` alone is fine with frozen BatchNorm.
# </details>
#
# **Read more:** [Izmailov et al.](https://arxiv.org/abs/1803.05407) on averaging weights;
# [Morales-Brotons et al.](https://arxiv.org/abs/2411.18704) on moving averages;
# [Wu & Johnson](https://arxiv.org/abs/2105.07576) on measuring statistics again.
