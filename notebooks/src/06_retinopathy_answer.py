# %% [markdown]
# # 06 · Retina: three changes, and the answer
#
# **Question.** "What exactly stops the spikes?" (DataScience StackExchange 121657)
#
# **The short of it.** Our rebuild does not spike, so this page **cannot say what stops the spikes**. It shows three changes
# that together give a higher AUC and a lower loss after ten epochs on drawn pictures, and are not shown to make the curve
# less steady. And it shows what each of them brings and costs.
#
# **You will learn** what to change in the posted recipe, how such a choice is judged, and how to write it in ordinary
# Keras.
#
# **Time:** 10 minutes, less than one of them computing. **Before:** pages `03` and `04`.
#
# All numbers up to "And on photographs?" are from drawn pictures, after ten epochs.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import numpy as np

import tlhelpers as tl

case = tl.case("retinopathy", profile=profile)
steady_recipe = tl.steady(case)

# %% [markdown]
# ## Two changes
#
# Page `03` found the first: **freeze each BatchNorm layer**. The network then sorts eyes with and without DR better, and
# sooner: its AUC is higher. But its curve jumps, and page `03` showed that it is the weights themselves that jump.
#
# So the second change is about the weights. After each step they move a little, back and forth. Keep a moving average
# of *them*, and the back and forth cancels. This is called **EMA**, exponential moving average. Training goes on with
# the raw weights; only for validation, and in the end, the averaged ones are put in their place. These two changes come
# first; the third has a section of its own, below.

# %%
print(tl.difference_text(case.measured, steady_recipe))

# %%
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
freeze, average = tl.fix("frozen-batchnorm"), tl.fix("weight-average")
asked = ("jitter", "climb", "train_inference_gap", "auc", "nll")
first = tl.trial(case, posted, freeze, asked, seeds=seeds or None, live=live)

# %% [markdown]
# **Predict.** Frozen BatchNorm raised jitter to about {{after retinopathy frozen-batchnorm jitter}}. What is it with
# the second change on top?

# %%
my_guess = None

# %%
second = tl.trial(case, first.after, average, asked, seeds=seeds or None, live=live)
steady = second.after
print(tl.guessed(my_guess, second.compared[0].after, "jitter"))

# %%
steps = {"as posted": posted, "BatchNorm frozen": first.after, "frozen, weights averaged": steady}
tl.plots.curves(steps, title="Retina, one change after the other: validation loss")

# %%
tl.plots.curves(steps, column="val_auc", title="Retina, one change after the other: AUC", log=False)

# %% [markdown]
# ## Did each change do what it says?

# %%
checked = [fix.check(case.trainer(steady_recipe)).require() for fix in (freeze, average)]
for each in checked:
    print(each.found)

# %%
# NBVAL_CHECK_OUTPUT
for each in checked:
    print(each)

# %% [markdown]
# ## What each step brings
#
# First step, frozen BatchNorm against the run as posted:

# %%
print(first.sentences)

# %% [markdown]
# Second step, on top of it:

# %%
print(second.sentences)

# %%
# NBVAL_CHECK_OUTPUT
print(first.verdicts)
print(second.verdicts)

# %% [markdown]
# Frozen BatchNorm brings AUC, and with it jumping and climb. (The posted AUC still rises at the last epoch, as the second
# figure shows. So this says: better after ten epochs. What thirty would give was not measured.) The mode gap is zero by
# construction.
#
# Averaged weights take most of the jumping away and keep the AUC. An average moves less than what it averages, also **by
# construction**. So the smooth curve alone would prove little; the AUC has to say that the network is still good. The
# price: a second copy of the weights, and first epochs that lag.
#
# ## The climb stays
#
# After its best epoch the loss **climbs** (page `01`; it is a logarithm), while the AUC does not fall: the network gets
# surer and surer (page `05`). The probabilities do get worse, so the message is true. Whether the network or its loss is to
# blame is asked further down. Here is each recipe at the epoch with the lowest
# loss, and at the last one. Means of the seeds.

# %%
print(f"{'':25} best epoch   NLL there → last   AUC there → last")
for name, runs in steps.items():
    best = [int(np.argmin(run.curve("val_nll"))) for run in runs]
    row = [
        np.mean([run.curve(column)[at] for run, at in zip(runs, ends, strict=True)])
        for column in ("val_nll", "val_auc")
        for ends in (best, [-1] * len(best))
    ]
    print(
        f"{name:25} {np.mean(best) + 1:10.1f} {row[0]:11.3f} → {row[1]:.3f} {row[2]:11.3f} → {row[3]:.3f}"
    )

# %% [markdown]
# So stop early, with `EarlyStopping(restore_best_weights=True)`. But look at the last two rows first. **Stopped at the best
# epoch, averaged weights are no better than frozen BatchNorm alone.** Part of that is luck: the lowest point of a curve
# that jumps was picked on the same pictures that report it. Are the two different beyond the noise?

# %%
for column, words in (("val_nll", "NLL"), ("val_auc", "AUC")):
    differences = {
        old.seed: new.curve(column)[new.curve("val_nll").argmin()]
        - old.curve(column)[old.curve("val_nll").argmin()]
        for old, new in zip(first.after, steady, strict=True)
    }
    floor = tl.statistics.noise_floor(differences)
    print(
        f"at the best epoch, averaged minus frozen alone: {words} {floor.mean:+.3f} ({floor.low:+.3f} to {floor.high:+.3f})"
    )

# %% [markdown]
# Not shown, in either direction. So if you stop early and keep the best epoch, freezing is what brings the AUC, and
# averaging brings a curve on which "best" is less of a lottery. Stop early if you need the probabilities: the NLL is lower
# there. If only the sorting matters, the table shows nothing to gain by it; at its best loss the posted run even sorts worse
# than at its end. The loss is not the score.
#
# ## The loss that Keras shows
#
# All curves of this course are the NLL of the network's probabilities. Keras shows its own `val_loss`, and on TensorFlow
# the posted loss is another number (page `02`). So here is what *you* would see. Means of the seeds, after the last epoch:

# %%
kinds = ("val_loss_jitter", "val_loss_climb", "val_loss")
print(f"{'':25} {'jitter':>7} {'climb':>7} {'last':>7}   of Keras's val_loss")
for name, runs in steps.items():
    print(
        f"{name:25}", *(f"{np.mean(list(tl.values(runs, kind).values())):7.3f}" for kind in kinds)
    )

# %% [markdown]
# Freezing raises jitter and climb in this loss, too, but less. And this loss ends *lower* with both changes than as posted,
# which the NLL does not show: {{before retinopathy frozen-batchnorm+weight-average val_loss}} and {{after retinopathy
# frozen-batchnorm+weight-average val_loss}} (95 % interval of the change {{interval retinopathy
# frozen-batchnorm+weight-average val_loss}}). Two losses, two stories of one network. So always say which loss you mean,
# and look at a score that does not ask how sure the network is.
#
# ## Chosen and judged on different seeds
#
# We *chose* this recipe after a look at two of its seeds, and because the same two changes had been judged steady on faces
# (page `11`). So the protocol asks for a judgement on seeds that had no part in the choice. The rule where the posted run
# does not jump: the new one may not be shown to jump either. From the jitter of each recipe we subtract the most that the
# noise of so few validation pictures could give to a flat curve (page `01`). An interval wholly above zero: it jumps. Wholly
# below: it does not. Across zero: neither is shown. And the AUC may not be
# worse by more than a margin that was set beforehand.

# %%
# NBVAL_CHECK_OUTPUT
print(tl.verdicts.steadiness("retinopathy").words)

# %% [markdown]
# By the letter of the protocol it is steady. Read the numbers all the same. An interval that reaches so far above zero rules
# little out, and we took off the most that noise could give. And asked directly, pair by pair, its jitter is *higher* than
# the posted run's, by {{effect retinopathy frozen-batchnorm+weight-average jitter fresh}} ({{interval retinopathy
# frozen-batchnorm+weight-average jitter fresh}}): these two changes make the curve **less** steady. What has been won is the
# AUC. On these pictures the posted run did not jump. It sorted worse.
#
# ## A third change: the softmax's own loss
#
# The climb says that the network gets too sure. And the posted loss asks for too much certainty (pages `02` and `05`). So a
# reader asked: what if the steady recipe trains with `categorical_crossentropy`, the softmax's own loss? We recorded it:

# %%
mend = tl.fix("categorical-crossentropy")
third = tl.trial(case, steady, mend, asked, seeds=seeds or None, live=live)
tl.plots.curves(
    {"frozen, weights averaged": steady, "and the softmax's own loss": third.after},
    title="With the softmax's own loss the curve hardly climbs",
)

# %%
print(third.sentences)

# %%
# NBVAL_CHECK_OUTPUT
print(third.verdicts)

# %% [markdown]
# These seeds we had seen when we thought of making a claim of it. So the claim was written down first, with three
# conditions (the last version in `recordings/PROTOCOL.md`): climb is lower, the AUC is not worse by more than the margin, and
# no jump is shown. It was judged once on the fresh seeds, against the two changes alone:

# %%
# NBVAL_CHECK_OUTPUT
quick, fresh = tl.case("retinopathy"), range(8, 16)
two = quick.recorded(tl.steady(quick), fresh)
three = quick.recorded(quick.answer, fresh)
lower, sorts = (tl.compare(two, three, metric, "behind") for metric in ("climb", "auc"))
jumps = tl.metrics.unsteadiness(three)["jitter beyond noise"].low > 0
print(f"climb {lower.before:.2f} → {lower.after:.2f}, change {tl.wording.effect_words(lower)}")
print(f"change of AUC {tl.wording.effect_words(sorts)}")
print("it jumps beyond its noise:", "yes" if jumps else "not shown")
holds = lower.high < 0 and sorts.low > -tl.verdicts.MARGINS["auc"] and not jumps
print("the claim holds:", "yes" if holds else "no")

# %% [markdown]
# The climb is nearly gone, the last NLL is lower, and no loss of AUC is shown. So with BatchNorm frozen and the weights
# averaged, most of the climb came with the posted loss. (That loss alone does not explain it: the run as posted uses it, too,
# and hardly climbs in ten epochs.) And beside the run as posted, on the same fresh seeds? The AUC is
# {{effect retinopathy frozen-batchnorm+categorical-crossentropy+weight-average auc fresh}} higher, the NLL changes by {{effect retinopathy frozen-batchnorm+categorical-crossentropy+weight-average nll fresh}} (95 % interval {{interval
# retinopathy frozen-batchnorm+categorical-crossentropy+weight-average nll fresh}}), and neither more jitter ({{interval retinopathy frozen-batchnorm+categorical-crossentropy+weight-average jitter fresh}}) nor
# more climb ({{interval retinopathy frozen-batchnorm+categorical-crossentropy+weight-average climb fresh}}) is shown. **All three changes together are better, and not shown to be less
# steady.** Two things to know. This comparison with the posted run is no claim that was made beforehand; only the one above is.
# And the runs with the third change come from another processor than those beside them: their drawn pictures differ by a
# grey level here and there.
#
# What if less is taken off for the noise: seven tenths, as for a flat curve of independent readings?

# %%
for name, runs in (
    ("as posted", quick.recorded(quick.measured, fresh)),
    ("two changes", two),
    ("three changes", three),
):
    floor = tl.statistics.noise_floor(
        {
            run.seed: tl.stability.jitter(run.curve("val_nll"))
            - 0.7 * tl.stability.noise_jitter(run.curve("val_nll"), run.curve("val_nll_se")[1:])
            for run in runs
        }
    )
    print(f"{name:14} jitter beyond that {floor.mean:+.3f} ({floor.low:+.3f} to {floor.high:+.3f})")

# %% [markdown]
# No interval lies above zero: nothing is shown to jump then, either.
#
# ## And on photographs?

# %%
photographs = tl.case("retinopathy", data="real")
on_real = {
    "as posted": photographs.recorded(photographs.measured),
    "BatchNorm frozen": photographs.recorded(freeze.apply(photographs.measured)),
    "frozen, weights averaged": photographs.recorded(tl.steady(photographs)),
}
tl.plots.curves(on_real, title="On photographs: validation loss")

# %%
for metric in ("jitter", "climb", "train_inference_gap", "nll", "auc"):
    print(metric)
    for name, runs in on_real.items():
        each = "  ".join(f"{value:.3f}" for value in tl.values(runs, metric).values())
        print(f"   {name:25} {each}")

# %% [markdown]
# A column is a seed. The directions are those of the drawn pictures, in each pair: frozen BatchNorm brings AUC and jitter,
# averaging takes most of the jitter away and adds AUC. The sizes are not: here averaging adds a much larger share of the
# AUC, less than freezing in two pairs and more in one.
# Climb is another matter. On photographs the posted recipe overfits
# wildly, and freezing lowers climb and the last NLL in each pair. Averaging lowered both in two pairs and raised them
# in one. The posted mode gap is below zero here, so nothing reads worse than it is. The AUC stays low, probably because real
# lesions are much smaller than drawn ones, and most cannot be seen at this size. Three seeds are described, not judged.
#
# ## The answer
#
# **First: we could not reproduce the spikes.** So we cannot say what stops them. On drawn pictures our rebuilt run falls
# without a jump; its training pictures *read wrong* in validation mode, which cost the validation loss little (page `03`).
# On photographs it *overfitted*, nearly from the start, and the posted `EarlyStopping` would have ended it early, as in
# the post (page `02`). Our pictures are fewer and smaller than the post's, and our backbone is smaller. Perhaps that is why
# it did not spike.
#
# So **find out which trouble you have** (page `13` has the test). What the other pages make us try: if it *reads wrong*,
# freeze BatchNorm, and know that the weights may then jump. If the *weights jump*, average them (page `11`), or let the
# rate fall to zero (page `04`). If it *overfits*, stop early.
#
# **For a higher AUC and a lower loss in few epochs, three changes:**
#
# 1. **Freeze every BatchNorm layer**: `layer.trainable = False` for each, before `compile`. (`base(x, training=False)` does
#    nothing under `fit` in a Functional model of Keras 3: page `03`.) On drawn pictures that brings nearly all of the
#    AUC, and on both kinds it makes the loss jump.
# 2. **Average the weights.** That takes most of the jumping away.
# 3. **Train with the softmax's own loss**, `categorical_crossentropy`. That takes most of the climb away.
#
# On drawn pictures and fresh seeds all three raised the AUC after ten epochs by {{effect retinopathy frozen-batchnorm+categorical-crossentropy+weight-average
# auc fresh}} (95 % interval {{interval retinopathy frozen-batchnorm+categorical-crossentropy+weight-average auc fresh}}), and the
# last NLL fell from {{before retinopathy frozen-batchnorm+categorical-crossentropy+weight-average nll fresh}} to {{after retinopathy frozen-batchnorm+categorical-crossentropy+weight-average
# nll fresh}}. Without the third, the loss is less steady than as posted: mean jitter {{mean retinopathy frozen-batchnorm+weight-average
# jitter fresh}} in place of {{mean retinopathy posted jitter fresh}}, climb {{mean retinopathy frozen-batchnorm+weight-average climb
# fresh}} in place of {{mean retinopathy posted climb fresh}}.
#
# **And stop early if it still climbs.** On photographs it climbed in each recipe that we tried there (not the third change),
# and the first two changes brought the last NLL from about two to below one. And pass the callbacks that you build. The
# post's `ReduceLROnPlateau` was never passed to `fit`, so it never ran (page `04`).
#
# ## To copy
#
# Ordinary Keras 3, no `tlhelpers`. A test of this course runs it, smaller and without ImageNet's weights. It takes the
# sizes of the post, which we could not train here: our numbers come from a smaller backbone and smaller pictures, ten
# epochs and no early stopping. Pictures and labels are arrays here. (With a `tf.data` dataset, `len` counts *batches*: use
# it for `steps` as it is, and leave `batch_size` out.)
#
# ```python
# import keras
# import numpy as np
#
# SIZE, CLASSES, EPOCHS, BATCH = 224, 2, 30, 32
# WEIGHTS = "imagenet"
#
# base = keras.applications.ResNet50(
#     weights=WEIGHTS, include_top=False, input_shape=(SIZE, SIZE, 3)
# )
# for layer in base.layers:  # change 1, before compile; a later base.trainable = True would undo it
#     if isinstance(layer, keras.layers.BatchNormalization):
#         layer.trainable = False
#
# pictures = keras.Input((SIZE, SIZE, 3))  # red, green, blue, from 0 to 255
# x = keras.applications.resnet50.preprocess_input(pictures)
# x = keras.layers.GlobalAveragePooling2D()(base(x))
# x = keras.layers.Dropout(0.5)(x)
# x = keras.layers.Dense(32, "relu")(x)
# x = keras.layers.Dropout(0.3)(x)
# x = keras.layers.Dense(32, "relu")(x)
# model = keras.Model(pictures, keras.layers.Dense(CLASSES, "softmax")(x))
#
# steps = -(-len(train_pictures) // BATCH)  # in an epoch
# model.compile(
#     keras.optimizers.Adam(1e-4, use_ema=True, ema_momentum=1 - 1 / steps),  # change 2
#     loss="categorical_crossentropy",  # change 3
#     metrics=["accuracy", keras.metrics.AUC(multi_label=True, name="auc")],
# )
# moving = [w for w in base.weights if "moving" in w.name]
# before = [np.array(w) for w in moving]
# history = model.fit(
#     train_pictures,
#     train_labels,  # one-hot
#     batch_size=BATCH,
#     epochs=EPOCHS,
#     validation_data=(validation_pictures, validation_labels),
#     callbacks=[
#         keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
#         # After the one above, and with restore_best_weights: see below.
#         keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True),
#     ],
# )
# assert all(np.array_equal(a, w) for a, w in zip(before, moving))  # BatchNorm stood still
# ```
#
# Five notes.
#
# - **The loss** is the one change that you also *see* differently: now `val_loss` is the NLL of your probabilities. On
#   TensorFlow the posted `binary_crossentropy` treats each output behind the softmax as a sigmoid of its own (page `02`).
#   Alone, without the other two changes, `categorical_crossentropy` changed the posted recipe's AUC by {{effect retinopathy
#   categorical-crossentropy auc}}.
# - **The order of callbacks.** `EarlyStopping` stands *after* `SwapEMAWeights` and restores the best weights. In the other
#   order it restores weights that are not averaged, stopped early or not; without restoring, you end with such weights if
#   training stops early (page `11`). A `ModelCheckpoint` belongs behind the swap as well.
# - **Two curves that no longer compare.** The training loss is that of the raw weights, `val_loss` that of the averaged
#   ones.
# - **`ReduceLROnPlateau`** is left out: where it ran, nothing could be shown of it (page `04`).
# - **Split by patient**, and count those on both sides (page `05`).
#
# ## Remember
#
# - Ask which trouble you have: it jumps, it reads wrong, or it overfits. The cures differ.
# - On drawn pictures, freezing BatchNorm made the network sort better in ten epochs. It does not hold the loss still.
# - Averaged weights take most of the jumping away. The score says whether they are good weights.
# - On drawn pictures climb came with freezing, and most of it went with the softmax's own loss. On photographs it was there
#   before. Look for the loss that asks for too much certainty before you blame the network.
# - Say which loss you mean. Keras's `val_loss` and the NLL are two numbers here.
# - A recipe that was chosen on some seeds is judged on others.
#
# **Next:** `07`, the second question: faces.
#
# **More:** Morales-Brotons et al. 2024 (arXiv 2411.18704); Keras's documentation of `SwapEMAWeights`.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
