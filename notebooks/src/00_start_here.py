# %% [markdown]
# # Why will my validation loss not hold still?
#
# **In one sentence.** A validation loss usually jumps or climbs for one or more of three reasons. Three
# measurements tell them apart, and one change cures the two that jump.
#
# **You will be able to** tell the three troubles apart, rule out the two faults that come before them,
# and let the doctor look at a training.
#
# **Time.** 11 minutes to read, 1 to train, 2 for the exercise.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl  # first: TensorFlow starts quietly then

import keras

from tlhelpers.doctor import Doctor

faces = tl.study("ferplus", profile, live, seeds)

# %% [markdown]
# ## See it
#
# Two people fine-tuned Keras models and asked why their validation loss would not hold still: one on
# [photographs of the retina](https://datascience.stackexchange.com/questions/121657), one on
# [faces](https://stats.stackexchange.com/questions/642170). These pages rebuild both trainings. Here
# are three recipes for the faces, a run of each.
#
# Orange is the validation loss after each epoch. The blue line uses the same weights, with BatchNorm's
# statistics (the means and variances it normalizes with) measured again on training images. The pink line also averages the weights over the epoch.

# %% slide="figure"
tl.plots.readings(
    {
        "A": faces.runs()[0],
        "B": faces.runs("frozen-batchnorm")[1],
        "C": faces.runs("weight-average-update-bn")[-1],
    },
    "Three troubles: statistics that lag, weights that jump, a loss that climbs",
    ("val_nll", "val_nll_fresh", "val_nll_averaged_fresh"),
    one_scale=False,
)

# %% [markdown]
# | you see | trouble | what to change |
# | --- | --- | --- |
# | **A.** Blue is calm where orange jumps. | BatchNorm lags: the weights were fine, the statistics were not ([page 04](04_batchnorm_lags.ipynb)). | Averaged weights with fresh statistics ([page 07](07_average_the_weights.ipynb)). Shorter steps lag less, too: see B. |
# | **B.** Blue jumps with orange, pink is calm. | The step is too long, so the weights jump ([page 06](06_step_length.ipynb)). | Averaged weights, too. With BatchNorm frozen, as here, they need no fresh statistics. Where BatchNorm trains, a tenth of the learning rate also helps, but ResNet50 itself still jumped with it. |
# | **C.** One valley, then all three climb while the training loss falls. | The network overfits, or it grows too sure ([page 09](09_overfit_or_overconfident.ipynb)). | `EarlyStopping(restore_best_weights=True)`, until page 09 says which. |
#
# In B, BatchNorm is frozen, so nothing can lag and blue lies on orange. If yours trains, look only whether blue jumps, too. Ignore the first point of its pink
# line: that average still holds weights that have hardly trained. C was trained with averaged weights and fresh statistics, so its orange
# line shows both already. Most jumping curves that we measured were A and B together: a long step moves
# the weights, and leaves the statistics behind.
#
# ## Before anything else
#
# Two checks come first. They need no theory, and they catch the faults behind many public reports of odd curves
# ([page 08](08_data_path.ipynb)).
#
# **Evaluate twice.** Call `model.evaluate` twice with the same weights, on your `validation_data`. If
# the two numbers differ in more than the last digits, your validation images change. **Look at both sides.** Take one training batch and one validation
# batch as the network gets them, and compare their range, mean and shape.

# %% slide="code" slide_from="first, second"
x_train, y_train, x_val, y_val = faces.case.arrays
recipe = faces.case.measured
keras.utils.set_random_seed(0)
model = tl.model.build(recipe, classes=8, steps=94, channels=1).model  # page 02 builds it by hand

first, second = (model.evaluate(x_val, y_val, verbose=0)[0] for _ in range(2))
print("the same loss twice:", abs(first - second) < 1e-4)
for name, x in (("training", x_train), ("validation", x_val)):
    print(f"{name:10} from {x.min()} to {x.max()}, mean {x.mean():.0f}, shape {x.shape[1:]}")

# %% [markdown]
# ## Or ask the doctor
#
# The doctor is a callback that runs all these checks on any Keras training. It changes nothing:
# weights, history and random numbers stay the same to the last bit. Here it watches the faces training
# of [page 02](02_faces_jump.ipynb), without its random flips.

# %%
doctor = Doctor((x_train, y_train), (x_val, y_val))
history = model.fit(
    x_train,
    y_train,
    batch_size=recipe.batch_size,
    epochs=4 if profile != "smoke" else 2,
    validation_data=(x_val, y_val),
    callbacks=[tl.ProgressBar(), doctor],
    verbose=0,
)
doctor

# %% [markdown]
# It names the trouble, shows the evidence, and gives you the lines of Keras that cure it. The chart shows
# the readings that a finding rests on. "Statistics measured" is the blue line above.
# "Recalibrated" is the loss as validated, with only its confidence refitted. Each percentage says how much of the loss, or of its climb, that cause explains over all epochs. Here lag lifts the whole curve. Its other findings hold, too: without flips the loss soon
# climbs, and some of our validation faces are copies of training faces, as in FER+
# ([page 10](10_honest_validation.ipynb)).
#
# Your own script stays as it is: `python -m tlhelpers.doctor train.py`. The
# [last page](15_your_own_training.ipynb) shows how to install and use it.
#
# ## Try it
#
# **Exercise (2 minutes).** What is the main trouble of this run: A, B or C?

# %%
tl.plots.readings(
    {"?": tl.study("ferplus").runs()[2]},
    "One training, measured three ways",
    ("val_nll", "val_nll_fresh", "val_nll_averaged_fresh"),
)

# %% tags=["exercise"]
my_answer = None  # "A", "B" or "C"

tl.check("00-which", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = "A"
# ```
#
# Fresh statistics alone take most of the jumps away: blue stays low where orange jumps. The weights were good in
# those epochs, and the running statistics were not.
# </details>

# %% [markdown]
# ## How to use these pages
#
# Each page has one idea and takes about ten minutes. Trainings that take longer than two minutes are
# stored with the course and load at once. Everything else trains on your machine. Three values in the
# first cell of each page control how much. You can leave them as they are. `live = True` trains
# everything here; `seeds` says with how many seeds, and 0 means all. `profile = "smoke"` only tests that the code runs.
#
# The images are drawn on the spot, eyes and faces alike, so you need no download. Nothing here is
# medical advice.
#
# ## Contents
#
# {{contents}}
#
# ## Key points
#
# - Evaluate twice, and compare both sides, before you look at anything else.
# - Fresh statistics and averaged weights split one jumping curve into its causes.
# - The doctor does all of this on your own training, and leaves it as it was.
