# %% [markdown]
# # Why will my validation loss not hold still?
#
# **In one sentence.** A validation loss jumps or climbs for one of three reasons, each has its own
# cure, and ten minutes of measuring tell you which one is yours.
#
# **You will be able to** tell the three troubles apart, rule out the two faults that come before them,
# and let the doctor look at a training.
#
# **Time.** 6 minutes to read, 1 to train, 4 for the exercises.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import keras

import tlhelpers as tl
from tlhelpers.doctor import Doctor

retina = tl.study("retinopathy", profile, live, seeds)
faces = tl.study("ferplus", profile, live, seeds)

# %% [markdown]
# ## See it
#
# Three real trainings. Orange is what Keras shows after each epoch. For blue we kept the weights and
# measured BatchNorm's running statistics again. For pink we also averaged the weights over the epoch.

# %%
tl.plots.readings(
    {
        "A": faces.runs()[0],
        "B": faces.runs("frozen-batchnorm")[1],
        "C": faces.runs("weight-average-update-bn")[-1],
    },
    "Three troubles: the gauge lags, the weights jump, the network grows too sure",
    ("val_nll", "val_nll_fresh", "val_nll_averaged_fresh"),
    one_scale=False,
)

# %% [markdown]
# - **A. BatchNorm lags.** With fresh statistics the jumps are gone. The network was fine all along
#   ([page 04](04_batchnorm_lags.ipynb)).
# - **B. The weights jump.** Fresh statistics change nothing, averaging the weights does. The step is
#   too long ([pages 06](06_step_length.ipynb) and [07](07_average_the_weights.ipynb)).
# - **C. It climbs and stays up.** Neither helps. It overfits, or it grows too sure
#   ([page 09](09_overfit_or_overconfident.ipynb)).
#
# Most jumping curves that we measured were A and B together.
#
# ## Before anything else
#
# Two checks come first. They need no theory, and among public reports of odd validation curves they
# explain more than BatchNorm does ([page 08](08_data_path.ipynb)).
#
# **Evaluate twice.** Call `model.evaluate` twice with the same weights. If the two numbers differ,
# your validation images change. **Look at both sides.** Take one training batch and one validation
# batch as the network gets them, and compare their range, mean and shape.

# %%
model = retina.case.trainer(retina.case.measured).network.model
x_train, y_train, x_val, y_val = retina.case.arrays

first, second = (model.evaluate(x_val, y_val, verbose=0)[0] for _ in range(2))
print("the same loss twice:", abs(first - second) < 1e-4)
for name, x in (("training", x_train), ("validation", x_val)):
    print(f"{name:10} from {x.min()} to {x.max()}, mean {x.mean():.0f}, shape {x.shape[1:]}")

# %% [markdown]
# ## Or ask the doctor
#
# The doctor is a callback that makes all these checks, on any Keras training. It changes nothing:
# weights, history and random numbers stay the same to the last bit. Here it watches four epochs of
# the retina training that [page 01](01_retina_spikes.ipynb) builds line by line.

# %%
keras.utils.set_random_seed(0)
doctor = Doctor((x_train, y_train), (x_val, y_val))
history = model.fit(
    x_train,
    y_train,
    batch_size=retina.case.measured.batch_size,
    epochs=4 if profile != "smoke" else 2,
    validation_data=(x_val, y_val),
    callbacks=[tl.ProgressBar(), doctor],
    verbose=0,
)
doctor

# %% [markdown]
# It names the trouble, the numbers that show it and the lines of Keras that cure it. For a script of
# your own you need no change at all: `python -m tlhelpers.doctor train.py`. The
# [last page](15_your_own_training.ipynb) uses it on a program of yours.
#
# ## Try it
#
# **Exercise 1 (2 minutes).** Which trouble has this run? Answer with the letter of the trouble above.

# %%
tl.plots.readings(
    {"?": faces.runs()[2]},
    "One training, measured three ways",
    ("val_nll", "val_nll_fresh", "val_nll_averaged_fresh"),
)

# %% tags=["exercise"]
my_answer = None  # "a", "b" or "c"

tl.check("00-which", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_answer = "a"
# ```
#
# Blue stays low where orange jumps: the weights were good in those epochs, and the running statistics
# were not.
# </details>

# %% [markdown]
# ## How to use these pages
#
# Each page has one idea and takes about ten minutes. Trainings that take longer than a minute are
# stored with the course and load at once. Everything else trains on your machine. Three values in the
# first cell of each page say how: leave them as they are the first time. With `live = True` everything
# trains here.
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
