# %% [markdown]
# # 02 · Retinopathy: the run as posted
#
# **Question.** "My validation loss spikes, and training stops after a few epochs. What exactly stops
# the spikes?" (DataScience StackExchange 121657)
#
# **You will learn** what the posted recipe really says, see it run on your own machine, and measure what
# is wrong with it. One thing first: our rebuild does **not** show the post's spikes. It shows other trouble,
# on drawn pictures and on photographs, and this page measures it.
#
# **Time:** 10 minutes, two of them training. **Before:** page `01`.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import numpy as np

import tlhelpers as tl

case = tl.case("retinopathy", profile=profile)

# %% [markdown]
# ## The recipe
#
# The post uses ResNet50 with ImageNet weights at 224 pixels. In the `quick` profile a smaller
# backbone, EfficientNet-Lite0, smaller pictures and fewer epochs take their place, so that a laptop can
# follow. Whatever else the post says is kept to the letter. Where it is silent, we assume something; the
# list comes below.

# %%
print(case.posted.table())

# %% [markdown]
# The post does not say everything. This is what we had to assume:

# %%
for assumption in case.assumptions:
    print("-", assumption)

# %% [markdown]
# ## Read it like a detective
#
# Three things in the recipe are easy to miss.
#
# **All BatchNorm layers train.** Nothing is frozen, so they do, too. Page `03` is about them.
#
# **No head-only stage.** The head starts from random weights, and its first gradients go through the
# whole backbone.
#
# **A schedule that never runs.** The post builds a `ReduceLROnPlateau`, but the list given to `fit`
# holds only the `EarlyStopping`. These are the callbacks that Keras gets:

# %%
# NBVAL_CHECK_OUTPUT
print([type(callback).__name__ for callback in tl.model.callbacks(case.posted)])

# %% [markdown]
# ## Watch it happen
#
# **Predict.** After how many epochs will the training end? (`EarlyStopping` waits five epochs for a
# better validation loss. The table above says how many epochs there are at most. In this short profile that leaves it
# hardly any room; further down a longer training gives it more.)

# %%
my_guess = None

# %% [markdown]
# This cell always trains, even in an automated run: you should see it once with your own eyes.

# %%
posted = case.run(case.posted, seeds=1, live=True, label="posted-live")
print(tl.guessed(my_guess, posted[0].epochs, "epochs"))
print("what ended it:", posted[0].ended)

# %%
tl.plots.curves(
    {"validation": posted},
    title="Your own run of the posted recipe",
)

# %%
run = posted[0]
print("epoch  train loss  val loss  val NLL  val accuracy  val AUC")
for i in range(run.epochs):
    h = run.history
    print(
        f"{i + 1:5}  {h['loss'][i]:10.3f}  {h['val_loss'][i]:8.3f}  {h['val_nll'][i]:7.3f}  "
        f"{h['val_accuracy'][i]:12.3f}  {h['val_auc'][i]:7.3f}"
    )
baseline = case.split.validation.shares.max()
print(f"\nsaying 'no DR' to every picture would give an accuracy of {baseline:.3f}")

# %% [markdown]
# Look at the columns side by side. On these pictures the run does not look bad: the losses fall, and in
# the end the accuracy is above the trivial one. In the first epochs it may be far below. What is wrong is
# hard to see here, and the rest of the page finds it.
#
# (Do not compare the two loss columns. The training loss is measured with dropout, and while the weights
# still change.)
#
# ## The loss is not what it says
#
# One more thing hides in the recipe. The network ends in a *softmax*: two probabilities that add up to
# one. The loss is `binary_crossentropy`. With probabilities, it would be just the NLL. Yet the table has
# two different columns for them. Let us check on the validation pictures, with a fresh head. (What goes
# into the softmax is called *logits*. The check makes them larger, so that two different losses cannot
# agree by chance.)

# %%
check = tl.fix("categorical-crossentropy").check(case.trainer(case.posted))
print(check.found)

# %%
# NBVAL_CHECK_OUTPUT
print(check)

# %% [markdown]
# Keras's softmax leaves a note of its inputs, the logits. On the TensorFlow backend the loss finds the
# note and computes from the logits, **as if each output had a sigmoid of its own**. So the `val_loss`
# that you see, and that `EarlyStopping` acts on, does not belong to the probabilities that `predict`
# gives you. No warning appears. With JAX or torch the same code trains with another loss.
#
# Therefore this course computes the NLL from the probabilities itself, and every figure shows that.
# (`categorical_crossentropy` is the loss that belongs to a softmax.)
#
# ## Is it always like that?
#
# One run is an anecdote (page `01`). `EarlyStopping` can also cut runs at different lengths, and then they are hard to
# compare. For the measurement we take it out and train a fixed number of epochs.
# This is all that changes:

# %%
print(tl.difference_text(case.posted, case.measured))

# %%
runs = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
tl.plots.curves(
    {"the posted recipe": runs},
    title="The posted recipe, one line a seed",
    stops=case.posted.early_stopping_patience,
)

# %% [markdown]
# A cross would mark the epoch after which the posted `EarlyStopping` gives up. No cross: within the epochs
# drawn here it never does. Some curve may look as if it should have one. But the callback does not see the NLL that is
# drawn. It sees Keras's `val_loss`, and that went on getting better.
#
# ## How unsteady, beyond noise?
#
# Page `01` gave us two numbers, and what each should be compared with.
#
# **Jitter**: does the curve *jump*? We subtract the most that noise of the pictures alone would give. **Mode
# gap**: does the curve *read wrong*? It should not be above zero. If the 95 % interval over the seeds lies above
# zero, the number is beyond its noise.

# %%
beyond = tl.metrics.unsteadiness(runs)
for name, floor in beyond.items():
    print(f"{name:20} {floor.mean:6.3f} ({floor.low:.3f} to {floor.high:.3f}), {len(runs)} seeds")

# %%
# NBVAL_CHECK_OUTPUT
print(
    "jumps beyond its noise:     ", "yes" if beyond["jitter beyond noise"].low > 0 else "not shown"
)
print(
    "reads wrong beyond its noise:", "yes" if beyond["train/inference gap"].low > 0 else "not shown"
)


# %%
def gaps(runs):
    return " ".join(f"{gap:+.2f}" for gap in tl.metrics.gap_by_epoch(runs))


percent = 100 * np.expm1(beyond["train/inference gap"].mean)
print(f"In validation mode, the same weights read {percent:.0f} % worse than in training mode.")
print("mode gap after each epoch:", gaps(runs))

# %% [markdown]
# So on these pictures we cannot show that the curve jumps. (The first number lies below zero because a falling curve hides
# a part of the noise that we subtract, page `01`.) What we can show is another trouble. **It reads wrong**: averaged over
# the epochs, and on the same training pictures, the weights look worse in validation mode than in training mode (without
# dropout both times), and by a different amount in each run. The last line says when: the gap is there from the first
# epoch, and nearly gone after the last. Page `03` repeats the test on validation pictures.
#
# ## And on photographs?
#
# So far the pictures were drawn. The same recipe was recorded on real photographs from EyePACS, the
# collection that the post used: a part of it, and smaller. The seeds are too few to judge, and enough to
# look at.

# %%
photographs = tl.case("retinopathy", data="real")
real = photographs.recorded(photographs.measured)
tl.plots.curves(
    {"the posted recipe on photographs": real},
    title="On photographs the validation loss climbs, nearly from the start",
    stops=case.posted.early_stopping_patience,
)

# %%
print("seed  val NLL first → last  train NLL first → last  val AUC first → last  stops after epoch")
for run in real:
    ends = " ".join(
        f"{run.curve(name)[0]:12.2f} → {run.curve(name)[-1]:.2f}    "
        for name in ("val_nll", "moving_mode_nll", "val_auc")
    )
    patience = case.posted.early_stopping_patience
    print(
        f"{run.seed:4} {ends} {tl.stability.early_stopping(run.curve('val_loss'), patience)[0]:9}"
    )

# %% [markdown]
# Here is what the post describes: **training stops after a few epochs**. The crosses and the last column say
# where. Take the patience off, and you have the epoch in which Keras's `val_loss` was best: an early one.
# The NLL that is drawn is best no later. Then it climbs and climbs.
#
# Compare with the training pictures. Their loss falls to a small fraction, while that of the validation
# pictures rises. And yet the AUC does not fall. The network gets surer and surer, also where it is wrong.
# That is **overfitting**. It is no jitter: page `01` called it *climb*. And what about the mode gap?

# %%
print("mode gap after each epoch, drawn pictures:", gaps(runs))
print("mode gap after each epoch, photographs:   ", gaps(real))

# %% [markdown]
# Here, too, the gap is above zero at first, but for fewer epochs. (On photographs an epoch has more steps.)
# After that it is below zero: on training pictures there is no sign that validation mode makes the weights look worse. (In
# the end it is far below. The gap compares two losses by their ratio, and by then both are tiny.)
#
# **So, as far as these runs show, the same recipe gets into trouble in two ways.** On easy, drawn pictures validation mode
# reads the *training* pictures wrong for most of the run (the validation loss hardly: page `03`), and a few seeds climb at
# the end. On hard photographs all the seeds that we have overfit, and the climbing loss says so.
#
# Neither curve *spikes* as the post's does. We have far fewer pictures, smaller ones, and another
# backbone. Which of these is the reason is not tested.
#
# ## Remember
#
# - Read the callbacks that `fit` gets, not those that were built. Check the loss as well.
# - Without freezing, every BatchNorm layer trains, and a random head's gradients reach the whole backbone.
# - A validation loss can trouble you in three ways: it jumps, it reads wrong, or it is right and the
#   network overfits. Ask which.
#
# **Next:** `03`, BatchNorm, and the flag that does nothing.
#
# **More:** the Keras guide *Transfer learning & fine-tuning*; Keras's `backend/tensorflow/nn.py`,
# `_get_logits`, and keras-team/keras issue 15271.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
