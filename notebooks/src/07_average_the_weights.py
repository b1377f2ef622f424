# %% [markdown]
# # Average the weights, then measure BatchNorm again
#
# **In one sentence.** Validate a moving average of the weights with BatchNorm statistics measured for
# that average: in both of our rebuilds the jumping almost disappeared.
#
# **You will be able to** add the average to your own training, explain why Keras's callback alone
# misleads, and put the callbacks in the right order.
#
# **Time.** 11 minutes to read, 1 to train, 11 for the exercises. **You need**
# [page 04](04_batchnorm_lags.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl  # first: TensorFlow starts quietly then

import keras

from tlhelpers.data import stripes
from tlhelpers.training.averaging import UpdateBatchNorm

retina = tl.study("retinopathy", profile, live, seeds)
faces = tl.study("ferplus", profile, live, seeds)

# %% [markdown]
# ## See it
#
# The faces question, trained three ways from the same seeds.

# %% slide="figure"
tl.plots.curves(
    {
        "the question's recipe": faces.runs(),
        "SwapEMAWeights alone": faces.runs("weight-average"),
        "with fresh statistics": faces.runs("weight-average-update-bn"),
    },
    title="Averaging alone starts far too high; with fresh BatchNorm statistics the jumps are gone",
)

# %% [markdown]
# On the left, most runs jump. In the middle, Keras validates the averaged weights, and the first epochs
# look terrible. Later ones still jump. On the right, the same average is validated with its own statistics. The slow climb that
# is left is trouble C ([page 09](09_overfit_or_overconfident.ipynb)).
#
# ## Why
#
# Near a good solution, each step overshoots a little, now to one side and now to the other. An average
# over many steps cancels that out and stays in the middle.
#
# But BatchNorm's running statistics are not weights. They describe what the *raw* weights produce.
# Averaged weights produce other values. `SwapEMAWeights` exchanges the weights and leaves the statistics
# as they are, so Keras validates the weights of one network with the statistics of another.
#
# You can see it inside one training, read four ways. Here the average is the plain mean over one epoch;
# `SwapEMAWeights` keeps a moving one, so the numbers differ from those above.

# %%
run = faces.runs()[0]
tl.plots.readings(
    {f"seed {run.seed}": run},
    "Each jump of one run: here the average helps only with its own statistics",
    columns=("val_nll", "val_nll_fresh", "val_nll_averaged", "val_nll_averaged_fresh"),
)

# %% [markdown] slide="code" slide_from="some = "
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
# The optimizer keeps the average, an exponential moving one (EMA), with a memory of one epoch. The number in `steps` is the batch size of `fit`. `SwapEMAWeights` puts
# it in place for validation. Then `UpdateBatchNorm` measures the statistics for it. Training itself goes on
# as before, except that Dropout and random flips draw other numbers: measuring runs them as well. Put `EarlyStopping` and `ModelCheckpoint` behind these two, and give `EarlyStopping`
# `restore_best_weights=True`: otherwise an early stop leaves you raw weights with the average's statistics.
#
# `UpdateBatchNorm` takes about a thousand random training images, in the form that `fit` gets. Used without
# the average, it removes only the lag. With `tf.data`, write `steps = len(train)`, and collect the images as on
# [page 04](04_batchnorm_lags.ipynb). It needs Keras 3.3 or newer. Copy it into your project:
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
# With statistics measured for it, the average steadies both trainings and does not lower the score in either.
# Your learning rate can stay as it is. The average alone has no clear effect on either, once we correct for the
# number of changes tried. In ResNet50 itself, on the retina, it took most of the jumping away ([page 12](12_retina_answer.ipynb)).
#
# It costs one pass over those thousand images at each validation.
#
# Which change do you need? The [doctor](15_your_own_training.ipynb) reads your run both ways, with fresh statistics and
# with averaged weights, while it trains. Or make the whole change above at once: it cures lag and long steps.
#
# | you see | trouble | what to change |
# | --- | --- | --- |
# | fresh statistics are calm | BatchNorm lags | both callbacks. `UpdateBatchNorm` alone leaves the jumps of the weights. With it alone, jitter fell to about a third in both trainings, but among so many tries that is no clear effect ([page 14](14_everything_tried.ipynb)). |
# | they jump as well, averaged weights with fresh statistics are calm | the step is too long | both callbacks; or a tenth of the rate, watching the score |
# | the same, and BatchNorm is frozen | the step is too long | the average without `UpdateBatchNorm` |
# | one valley, then a climb, while the training loss falls | overfitting or overconfidence | `EarlyStopping`, then [page 09](09_overfit_or_overconfident.ipynb) |
# | a climb, and the training loss climbs with it | the step is too long: the weights run away | a tenth of the rate |
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
# The average has to be in the model before its statistics can be measured. EarlyStopping saves whatever
# is in the model when it runs, so it comes last. If it comes first, you end up with the raw weights, and
# no error warns you.
# </details>

# %% [markdown]
# **Exercise 2 (8 minutes).** A small network on drawn stripes. Train it twice for three epochs: once with
# `SwapEMAWeights` alone, once with `UpdateBatchNorm(shown)` as well; `shown` are its training images.
# Compare the first-epoch `val_loss` of the two runs. Make new callbacks for each training.


# %%
shown, labels = stripes.images(800, seed=1, noise=40)


def train(callbacks, epochs=3):
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
    options = {"batch_size": 16, "epochs": epochs, "verbose": 0, "callbacks": callbacks}
    past = model.fit(shown, labels, validation_data=validation, **options)
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
# both = train([swap, UpdateBatchNorm(shown)])
# my_answer = (alone[0], both[0])
# ```
#
# Without `UpdateBatchNorm`, the first loss is several times as high. The weights are the same in both trainings, step for
# step. Only the statistics differ, and early on they differ most.
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
# Each verdict rests on eight pairs of runs on drawn images of 48 px, and is corrected for the number of
# changes tried. With frozen BatchNorm there are no statistics to measure, and the average is enough without `UpdateBatchNorm`.
# </details>
#
# **Read more:** [Izmailov et al.](https://arxiv.org/abs/1803.05407) on averaging weights;
# [Morales-Brotons et al.](https://arxiv.org/abs/2411.18704) on moving averages;
# [Wu & Johnson](https://arxiv.org/abs/2105.07576) on measuring statistics again.
