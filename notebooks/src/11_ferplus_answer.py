# %% [markdown]
# # 11 · Faces: the steady run, and the answer
#
# **Question.** "How to stabilise the validation loss and accuracy?" (CrossValidated 642170)
#
# **You will learn** which two changes make the posted run steady, what each of them brings, and how to write them
# in ordinary Keras.
#
# **Time:** 10 minutes, less than one of them computing. **Before:** page `08`.
#
# Up to "And on real faces?" all numbers are from drawn faces, after ten epochs.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import numpy as np

import tlhelpers as tl

case = tl.case("ferplus", profile=profile)
steady_recipe = tl.steady(case)

# %% [markdown]
# ## Two changes
#
# Page `08` found what jumps in the posted run: BatchNorm's moving averages. With fresh statistics the same weights hardly
# jump. So the first change is known: **freeze each BatchNorm layer**. It closes the mode gap, and the score rises.
#
# But jitter does not go away. Freezing does two things at once: validation now reads the weights as they are, *and*
# training no longer uses the statistics of its batches. Trained in that other way, *the weights* jump.
#
# So the second change is about the weights. After each step they move a little, back and forth. Keep a moving average
# of *them*, and the back and forth cancels. This is called **EMA**, exponential moving average. Training goes on with the
# raw weights; only for validation, and in the end, the averaged ones are put in their place. These two changes are all:

# %%
print(tl.difference_text(case.measured, steady_recipe))

# %% [markdown]
# In this run one needs the other. Averaged weights with *live* BatchNorm would still be validated with BatchNorm's
# statistics, which belong to the raw weights of many steps ago. (Both are switched on before the one call of `fit`.)
#
# **Predict.** As posted, jitter is about {{before ferplus frozen-batchnorm jitter}}. With frozen BatchNorm it is about
# {{after ferplus frozen-batchnorm jitter}}. What is it with averaged weights on top?

# %%
my_guess = None

# %%
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
freeze, average = tl.fix("frozen-batchnorm"), tl.fix("weight-average")
asked = ("jitter", "climb", "train_inference_gap", "macro_f1", "accuracy")
first = tl.trial(case, posted, freeze, asked, seeds=seeds or None, live=live)
second = tl.trial(case, first.after, average, asked, seeds=seeds or None, live=live)
steady = second.after
print(tl.guessed(my_guess, np.mean(list(tl.values(steady, "jitter").values())), "jitter"))

# %%
tl.plots.curves(
    {
        "as posted": posted,
        "BatchNorm frozen": first.after,
        "frozen, weights averaged": steady,
    },
    title="From the posted run to the steady one: validation loss",
)

# %%
tl.plots.curves(
    {
        "as posted": posted,
        "BatchNorm frozen": first.after,
        "frozen, weights averaged": steady,
    },
    column="val_accuracy",
    title="From the posted run to the steady one: validation accuracy",
    log=False,
)

# %% [markdown]
# Three things to see before we celebrate.
#
# - **The averaged curve starts high.** After one epoch, more than a third of the average is still the first weights, an
#   untrained head among them. (A steep fall is no jitter; only up *and* down is.)
# - **It turns up a little at the end.** That is climb (page `01`), and averaging was not shown to cure it.
# - **An average moves less than what it averages, by construction.** So a smooth curve proves little here. What counts is
#   that the network is not worse; the numbers below say more.
#
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
# Second step, averaged weights on top, against frozen BatchNorm:

# %%
print(second.sentences)

# %%
# NBVAL_CHECK_OUTPUT
print(first.verdicts)
print(second.verdicts)

# %% [markdown]
# (With frozen layers both modes use the same statistics, so the mode gap is zero by construction. Frozen layers also keep
# their scale and offset from training. How much of the score comes from which, we did not measure.)
#
# These scores are those of the last epoch. A curve that jumps may end on a bad one, and you would keep the best. So here
# is the epoch with the lowest loss, too. Means of the seeds:

# %%
at_best = {}
print(f"{'':25} NLL at best epoch   macro-F1 there → last")
for name, runs in (("as posted", posted), ("BatchNorm frozen", first.after), ("averaged", steady)):
    best = [int(run.curve("val_nll").argmin()) for run in runs]
    f1 = [run.curve("val_macro_f1") for run in runs]
    at_best[name] = {run.seed: one[at] for run, one, at in zip(runs, f1, best, strict=True)}
    print(
        f"{name:25} {np.mean([run.curve('val_nll').min() for run in runs]):17.3f} "
        f"{np.mean(list(at_best[name].values())):16.3f} → {np.mean([one[-1] for one in f1]):.3f}"
    )
for after, before in (("BatchNorm frozen", "as posted"), ("averaged", "BatchNorm frozen")):
    rise = {seed: at_best[after][seed] - value for seed, value in at_best[before].items()}
    floor = tl.statistics.noise_floor(rise)
    print(
        f"macro-F1 at the best epoch, {after} minus {before}: {floor.mean:+.3f} ({floor.low:+.3f} to {floor.high:+.3f})"
    )

# %% [markdown]
# The rise that freezing brings stays, smaller than at the last epoch. That of averaging is no longer shown; its loss is
# lower. If you keep the best epoch, as the code at the end of this page does, this is the comparison that is yours.
#
# ## Is one of them enough?
#
# We take each one *out* of the steady recipe. "Needed" means: with it, jitter is lower, p below 0.05 after correcting for
# asking about two. (These are recorded runs, whatever the profile of this page. They are the seeds on which the recipe was
# chosen, and an average lowers jitter by construction: read these p as a description.)

# %%
for found in tl.verdicts.found("ferplus"):
    if found.question.design == "leave-one-out":
        print(f"without {found.question.fix} (it is {found.verdict}: corrected p {found.p:.4f})")
        for one in (found.jitter, found.train_inference_gap, found.score):
            title = tl.metrics.metric(one.metric).title
            print(f"   {title:9} {abs(one.before):6.3f}   with it {abs(one.after):6.3f}")

# %% [markdown]
# No: with our slow BatchNorm averages one is not enough. The first block is averaging *without* freezing. Its jitter is less than that of freezing without
# averaging, the second block. But it is the smooth curve of a network that validation still misreads, and its score is
# far lower. **Smooth is not good.** (Frozen BatchNorm is needed *beside averaging*. On its own it was not shown to lower
# jitter. Both are true: it takes one kind of jumping away and brings another, which averaging removes.)
#
# ## How much of the trouble did we make ourselves?
#
# Our posted run has MobileNetV2's *slow* BatchNorm averages: momentum 0.999, a thousand steps, as many as the whole run has.
# Our backbone's own, like ResNet50's, are *quick*: momentum 0.99, a hundred steps (page `08`). How do the two changes look
# beside a run with quick ones? And is freezing needed then, or does averaging the weights suffice?

# %%
faster = tl.fix("momentum-0.99")


def recorded(some):
    """The posted recipe, and what frozen or faster averages and averaged weights make of it."""
    recipes = {
        "as posted (0.999)": some.measured,
        "momentum 0.99": faster.apply(some.measured),
        "BatchNorm frozen": freeze.apply(some.measured),
        "0.99, weights averaged": average.apply(faster.apply(some.measured)),
        "frozen, weights averaged": tl.steady(some),
    }
    return {name: some.recorded(recipe) for name, recipe in recipes.items()}


numbers = ("jitter", "climb", "macro_f1", "accuracy")
drawn = recorded(tl.case("ferplus"))
print(f"{'drawn faces, means':25}" + "".join(f"{tl.metrics.metric(n).title:>10}" for n in numbers))
for name, runs in drawn.items():
    means = [np.mean(list(tl.values(runs, n).values())) for n in numbers]
    print(f"{name:25}" + "".join(f"{mean:10.3f}" for mean in means))
for after, before in (
    ("BatchNorm frozen", "momentum 0.99"),
    ("frozen, weights averaged", "momentum 0.99"),
    ("frozen, weights averaged", "0.99, weights averaged"),
):
    print(f"\n{after} minus {before}:")
    for n in numbers:
        one = tl.compare(drawn[before], drawn[after], n, "behind")
        print(f"   {tl.metrics.metric(n).title:10} {tl.wording.effect_words(one)}")

# %% [markdown]
# **Beside that run, freezing alone is not shown to bring anything**, neither in jitter nor in the score. What it mended before
# was the slowness of BatchNorm's averages. **With quick ones, averaging the weights is what steadies, also without
# freezing.** The score does not suffer. Freezing then adds a little: less climb, and a score that is hardly higher (these
# intervals are not corrected for asking so often). Both changes together are ahead of quick averages alone in all four
# numbers. On all real faces, below, freezing matters again.
#
# ## Chosen and judged on different seeds
#
# Here is a trap. We *chose* this recipe because it looked good on seeds 0 to 7. Of course it looks good there. So the
# protocol asks for a judgement on seeds that had no part in the choice: jitter has to be less than half of the posted
# run's, with the whole interval, and the score may not be worse by more than a margin that was set beforehand. (For an
# average the first is the easier part. The second is the test.) On these seeds the posted run happens to jump less than on
# those before.

# %%
# NBVAL_CHECK_OUTPUT
print(tl.verdicts.steadiness("ferplus").words)

# %% [markdown]
# ## And on real faces?

# %%
real = tl.case("ferplus", data="real")
on_real = {
    "as posted": real.recorded(real.measured),
    "BatchNorm frozen": real.recorded(freeze.apply(real.measured)),
    "frozen, weights averaged": real.recorded(tl.steady(real)),
}
tl.plots.curves(on_real, title="On real faces: validation loss")

# %%
for metric in ("jitter", "climb", "macro_f1", "accuracy"):
    print(metric)
    for name, runs in on_real.items():
        each = "  ".join(f"{value:.3f}" for value in tl.values(runs, metric).values())
        print(f"   {name:25} {each}")

# %% [markdown]
# A column is a seed. Jitter, macro-F1 and accuracy: each step goes the same way as on drawn faces, in each pair. Climb
# goes its own way: freezing raised it on real faces. Averaging lowered it again, in one pair not down to where it had
# been. Three seeds are described, not judged.
#
# That was a part of the training faces. And with **all** of them, as in the post? Slow averages remember about one epoch
# there. Recorded with few seeds; a column is a seed. (The first posted run is from another processor; the pictures are the same.)

# %%
every_face = recorded(tl.case("ferplus", data="real", everything=True))
tl.plots.curves(
    {
        name: every_face[name]
        for name in ("as posted (0.999)", "0.99, weights averaged", "frozen, weights averaged")
    },
    title="On all real faces: validation loss",
)

# %%
for metric in ("jitter", "climb", "train_inference_gap", "nll", "macro_f1", "accuracy"):
    print(metric)
    for name, runs in every_face.items():
        each = "  ".join(f"{value:6.3f}" for value in tl.values(runs, metric).values())
        print(f"   {name:25} {each}")

# %% [markdown]
# Two pairs of runs: described, not judged. **This is as near to the post as we have come, and both changes together are ahead
# here**: no jitter, the least climb, the lowest loss, the highest macro-F1 and accuracy. Quick averages alone and freezing
# alone calm the curve less, and of these two only the quick averages raise macro-F1 in both pairs. And look at the mode gap
# of averaged weights behind quick BatchNorm averages: they read wrong here. That fits their memories. The average of the
# weights remembers a whole epoch, and BatchNorm's averages remember an eighth of it, so the two do not belong together. (On
# drawn faces, above, both remember about one epoch.) Frozen layers have no such trouble.
#
# The question also asked about 'disgust', of which no face was found. How many does each recipe find, seed by seed?
# (Recorded runs of the quick profile.)

# %%
weigh = tl.fix("class-weights-balanced")
for where, some in (("drawn", tl.case("ferplus")), ("a part of the real faces", real)):
    frozen = freeze.apply(some.measured)
    recipes = {
        "as posted": some.measured,
        "BatchNorm frozen": frozen,
        "frozen, weights averaged": tl.steady(some),
        "frozen, balanced weights": weigh.apply(frozen),
    }
    found = {
        name: [tl.metrics.recalls(run)["disgust"] for run in some.recorded(recipe)]
        for name, recipe in recipes.items()
    }
    rights = {name: [right for right, _ in each] for name, each in found.items()}
    print(f"{where}: right of {found['as posted'][0][1]}")
    for name, each in rights.items():
        print(f"   {name:25}", " ".join(f"{right:2}" for right in each))
    for after, before in (
        ("BatchNorm frozen", "as posted"),
        ("frozen, weights averaged", "as posted"),
        ("frozen, balanced weights", "BatchNorm frozen"),
    ):
        more = sum(new > old for new, old in zip(rights[after], rights[before], strict=True))
        print(f"   {after}: more than {before} in {more} of {len(rights[after])} pairs")
print(
    f"all real faces: right of {tl.metrics.recalls(every_face['momentum 0.99'][0])['disgust'][1]}"
)
for name, runs in every_face.items():
    print(f"   {name:25}", " ".join(f"{tl.metrics.recalls(run)['disgust'][0]:2}" for run in runs))

# %% [markdown]
# On drawn faces the frozen recipe mostly finds more of them than the posted one, and balanced class weights mostly more
# still, at a price in accuracy (page `09`). **Trained on a part of the real faces our steady recipe finds next to none**, and
# freezing finds no more than the posted recipe. On all of them it finds some, in both pairs more than the posted one;
# averaged weights behind quick averages find most there. Balanced weights behind frozen BatchNorm mostly find more, but not in each pair. Together
# with averaging they were not tried. So a smooth curve and a better macro-F1 do not mean that the rare class is found:
# look at it by itself.
#
# ## The answer
#
# First run the test of page `13`: it says in a few lines of Keras which trouble you have. If it is that your curve reads wrong,
# or that your weights jump: **freeze every BatchNorm layer, and average the weights.** Set `layer.trainable = False` for each, before `compile`.
# (`base(x, training=False)` does nothing under `fit` in a Functional model of Keras 3: page `03`.) On drawn faces and
# fresh seeds both changes together brought jitter from {{before ferplus frozen-batchnorm+weight-average jitter fresh}} to
# {{after ferplus frozen-batchnorm+weight-average jitter fresh}} and raised macro-F1 by {{effect ferplus
# frozen-batchnorm+weight-average macro_f1 fresh}} (95 % interval {{interval ferplus frozen-batchnorm+weight-average
# macro_f1 fresh}}, after the last epoch). Most of that gain in score undoes the slow averages that we gave the posted run: beside
# quick ones it is {{effect ferplus frozen-batchnorm+weight-average macro_f1 against momentum-0.99}} ({{interval ferplus
# frozen-batchnorm+weight-average macro_f1 against momentum-0.99}}, first eight seeds). On real faces three pairs, described and not judged, go the same way: macro-F1
# {{pairs ferplus frozen-batchnorm+weight-average macro_f1 real}}; and with all the training faces, as in the post, {{pairs ferplus
# frozen-batchnorm+weight-average macro_f1 everything}}, with next to no jitter left.
#
# **Why: most of the jumping in our rebuild comes from live BatchNorm.** The blocks that you unfreeze bring their BatchNorm
# layers along. In validation these use moving averages that lag behind the weights. The same weights with fresh
# statistics hardly jump: jitter {{after ferplus reestimated-batchnorm jitter}} against {{before ferplus
# reestimated-batchnorm jitter}} (page `08`). **And why freezing is not enough:** it removes this lag, and with slow averages the score rises.
# But training then no longer uses the statistics of its batches, and the weights themselves jump. That second jumping is
# what averaging removes. So freezing alone was not shown to lower jitter.
#
# **How much of *your* jumping is that?** It depends on how many steps BatchNorm's averages remember, and how many you train:
#
# - Our rebuild on drawn faces: a thousand, as many as the whole run has. **We exaggerate** (page `07`).
# - MobileNetV2: a thousand as well. With all real faces that is one epoch of ten, and the posted run reads less wrong there
#   (above). It still jumps.
# - ResNet50, the backbone of the code below: a hundred. With such quick averages, freezing alone brought little above. Freeze all
#   the same when you average the weights: on all real faces these read wrong behind quick averages. None of this was measured
#   on ResNet50 itself. Its inputs (`preprocess_input`) may matter more.
#
# **The accuracy of the post has other reasons.** Its 93 to 95 % lie above what ten voters agree on, and about one
# validation face in thirteen has a twin in training (page `10`).
#
# **'Disgust' is a question of its own.** None of 20 faces right, as in the post, means: a recall between 0 and 16 %, 95 % interval; more cannot be
# said of so few (page `10`). Trained on a part of the real faces the steady recipe found next to none, in one pair far fewer
# than the posted one; on all of them some. Balanced class weights behind frozen BatchNorm, *without* averaging, mostly found more
# than freezing alone, at a price in accuracy (page `09`). With the code below they were not tried: if you add them, count 'disgust' yourself.
#
# ## What did not help
#
# Head first, clipped gradients, logit adjustment and the backbone's own inputs: for none of these could we show that
# jitter falls. That is no proof that they do nothing. A tenth of the rate makes the curve smooth as well, but with live
# BatchNorm validation is still misleading, and behind frozen BatchNorm the network learned less in ten epochs.
# Page `12` has everything.
#
# ## What would also do
#
# Two other changes, each alone, pass the rules of page `12` on drawn faces: to measure BatchNorm's statistics anew before
# each validation (jitter {{mean ferplus reestimated-batchnorm jitter}}, macro-F1 {{mean ferplus reestimated-batchnorm
# macro_f1}}), and BatchNorm averages that forget faster (jitter {{mean ferplus momentum-0.99 jitter}}, macro-F1 {{mean
# ferplus momentum-0.99 macro_f1}}). Freezing and averaging: {{mean ferplus frozen-batchnorm+weight-average jitter}} and
# {{mean ferplus frozen-batchnorm+weight-average macro_f1}}. We advise freezing and averaging: it is ahead of the quicker
# averages (above), and measuring anew needs code of your own in each validation. Quicker averages are one attribute,
# `layer.momentum`, if yours are slow. Together with averaged weights they did nearly as well on drawn faces, and not on all
# real ones.
#
# ## To copy
#
# Ordinary Keras 3, no `tlhelpers`. A test of this course runs it, smaller and without ImageNet's weights, and checks what
# stands still, what trains, and that you end with the weights that were validated. It takes the sizes of the post, which
# we could not train here: our numbers come from a smaller backbone, EfficientNet-Lite0, ten epochs and no early stopping.
# Faces and labels are arrays here. (With a `tf.data` dataset, `len` counts *batches*: use it for `steps` as it is, and
# leave `batch_size` out.) For MobileNetV2 take its own `preprocess_input` and the names of its own blocks.
#
# ```python
# import keras
# import numpy as np
#
# SIZE, CLASSES, EPOCHS, BATCH = 224, 8, 30, 32
# WEIGHTS = "imagenet"
#
# base = keras.applications.ResNet50(
#     weights=WEIGHTS, include_top=False, input_shape=(SIZE, SIZE, 3)
# )
# base = keras.Model(base.input, base.get_layer("conv4_block6_out").output)
# last_frozen = base.layers.index(base.get_layer("conv3_block4_out"))
# for i, layer in enumerate(base.layers):  # before compile; a later base.trainable = True undoes it
#     batchnorm = isinstance(layer, keras.layers.BatchNormalization)
#     layer.trainable = i > last_frozen and not batchnorm  # change 1: "and not batchnorm"
#
# faces = keras.Input((48, 48, 1))  # grey, from 0 to 255
# x = keras.layers.RandomFlip("horizontal")(faces)
# x = keras.layers.Resizing(SIZE, SIZE)(x)
# x = keras.layers.Concatenate()([x, x, x])
# x = keras.applications.resnet50.preprocess_input(x)  # another change: see below
# x = keras.layers.GlobalAveragePooling2D()(base(x))
# model = keras.Model(faces, keras.layers.Dense(CLASSES, "softmax")(x))
#
# steps = -(-len(train_faces) // BATCH)  # in an epoch
# model.compile(
#     # Change 2. The average remembers as many steps as an epoch has.
#     keras.optimizers.Adam(1e-3, use_ema=True, ema_momentum=1 - 1 / steps),
#     loss="categorical_crossentropy",
#     metrics=["accuracy"],
# )
# moving = [w for w in base.weights if "moving" in w.name]
# before = [np.array(w) for w in moving]
# history = model.fit(
#     train_faces,
#     train_labels,  # one-hot
#     batch_size=BATCH,
#     epochs=EPOCHS,
#     validation_data=(validation_faces, validation_labels),
#     callbacks=[
#         keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
#         # After the one above, and with restore_best_weights: see below.
#         keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True),
#     ],
# )
# assert all(np.array_equal(a, w) for a, w in zip(before, moving))  # BatchNorm stood still
# ```
#
# Four notes.
#
# - **Which blocks.** The post says that the first blocks were frozen, the one next to the head trained, and the network
#   cut. *Where* it cut is our assumption (page `07`), as in our runs.
# - **`preprocess_input`** is one more change: ResNet50 was trained on such inputs. On our backbone it made no difference
#   that we could show; for ResNet50 it is a large one, and we have not measured it (page `08`). If the first epochs are
#   wild with it, lower the rate.
# - **`EarlyStopping`** is there because the loss climbs in the end. It stands *after* `SwapEMAWeights` and restores the
#   best weights: in the other order it restores weights that are not averaged, stopped early or not; without restoring, you
#   end with such weights if training stops early. A `ModelCheckpoint` belongs behind the swap as well.
# - **Two curves that no longer compare.** The training loss is that of the raw weights, `val_loss` that of the averaged
#   ones. And the first epochs look worse than before.
#
# ## Remember
#
# - Ask what jumps: the weights, or their validation. Measure the statistics anew for the same weights: if the jump goes,
#   it was BatchNorm.
# - Freeze BatchNorm. Then no statistics are left that could lag behind the weights, averaged or not. Where they lagged by
#   many epochs, the score rose.
# - Average the weights, and validate the average. That took the jitter away.
# - A smooth curve proves nothing without the score, and the score nothing about a rare class.
# - A recipe that was chosen on some seeds is judged on others.
#
# **Next:** `12`, everything on one page.
#
# **More:** Morales-Brotons et al. 2024 (arXiv 2411.18704); Keras's documentation of `SwapEMAWeights`.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
