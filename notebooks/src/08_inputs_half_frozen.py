# %% [markdown]
# # 08 · Inputs, and backbones frozen by half
#
# **Question.** I rescale my pictures to 0…1 and freeze the first blocks. Is that what the backbone expects, and what
# still moves in it?
#
# **You will learn** what each backbone wants to read, which BatchNorm layers stay live behind frozen blocks, and
# what each of four changes does to the posted run: alone, with the noise beside it.
#
# **Time:** 15 minutes, about one of them computing. **Before:** pages `03` and `07`.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import numpy as np

import tlhelpers as tl
from tlhelpers.cases.ferplus import MOBILENETV2

case = tl.case("ferplus", profile=profile)
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
asked = ("jitter", "mode_gap", "macro_f1", "accuracy")


def run(fix):
    """The posted recipe with one change, and what the pairs say."""
    after = case.run(fix.apply(case.measured), seeds=seeds or None, live=live, label=fix.name)
    return after, [tl.compare(posted, after, metric) for metric in asked]


# %% [markdown]
# ## What a backbone wants to read
#
# A picture's pixels go from 0 to 255. Each backbone was trained on numbers of another range, and its frozen layers
# cannot get used to yours. The post divides by 255. What would each backbone have got from its own
# `preprocess_input`?
#
# **Predict.** ResNet50's own range is about 275 wide. What share of it do inputs from 0 to 1 use? In percent.

# %%
my_guess = None

# %%
ends = np.broadcast_to(np.uint8([0, 255]).reshape(2, 1, 1, 1), (2, 1, 1, 3))
share = {}
for name in ("resnet50", "mobilenetv2", "efficientnet-lite0"):
    own = tl.backbone(name).preprocess(ends)
    share[name] = 100 / (own.max() - own.min())
    print(f"{name:20} own inputs {own.min():7.2f} to {own.max():6.2f}; 0 to 1 uses {share[name]:.1f} %")
print(tl.guessed(my_guess, share["resnet50"], "percent"))

# %% [markdown]
# For MobileNetV2 and EfficientNet-Lite0, 1/255 is half as much contrast, and brighter. For ResNet50 it is next to
# nothing: every picture is nearly the same grey. Doing both is no better:

# %%
both = tl.backbone("resnet50").preprocess(ends / 255)
print(f"1/255 first, then ResNet50's preprocess_input: {both.min():.1f} to {both.max():.1f}")

# %% [markdown]
# (In Keras, some backbones rescale inside themselves: EfficientNet and EfficientNetV2, for instance. Read the page of
# yours.)
#
# Our backbone is of the mild kind. The check compares black and white, as they arrive, with what it was trained on:

# %%
scaling = tl.fix("backbone-inputs")
check = scaling.check(case.trainer(scaling.apply(case.measured)))
print(check.found)

# %%
# NBVAL_CHECK_OUTPUT
print(check.require())

# %%
scaled, compared = run(scaling)
tl.plots.curves(
    {"as posted: 1/255": posted, "the backbone's own inputs": scaled},
    title="Validation loss with two input scalings",
)

# %%
for comparison in compared:
    print(tl.verdict_sentence(comparison, scaling.title))

# %%
# NBVAL_CHECK_OUTPUT
for comparison in compared:
    print(tl.verdict_words(comparison))

# %% [markdown]
# ## What still moves
#
# Freeze a block in Keras, and its BatchNorm layers stand still, too: `trainable = False` also makes them use their
# stored statistics. The blocks behind it stay live. How many layers is that, in each backbone?

# %%
full = tl.case("ferplus", profile="full").posted
for recipe in (full, full.but(**MOBILENETV2), case.posted):
    base = tl.model.backbone_of(recipe, weights=None)
    moving, layers = tl.batchnorm.live_layers(base)
    print(f"{recipe.backbone:20} frozen up to {recipe.frozen_up_to:12} ", end="")
    print(f"{moving:2} of {layers} BatchNorm layers live")

# %% [markdown]
# Believe nothing, check: one training step, and we count the layers whose statistics moved.

# %%
trainer = case.trainer(case.measured)
check = tl.checks.batchnorm_moves(trainer)
print(check.found)

# %%
# NBVAL_CHECK_OUTPUT
print(check.require())

# %% [markdown]
# Those layers have the trouble of page `03`: their averages lag behind the weights. Here is the proof for faces. Both
# lines have **the same weights**. The dashed one measures the statistics anew before each validation.

# %%
precise = tl.fix("reestimated-batchnorm")
fresh, compared = run(precise)
tl.plots.same_weights(posted, fresh, "The same weights with moving and with fresh statistics")

# %%
for comparison in compared:
    print(tl.verdict_sentence(comparison, precise.title))

# %%
# NBVAL_CHECK_OUTPUT
for comparison in compared:
    print(tl.verdict_words(comparison))

# %% [markdown]
# ## Two ways out
#
# **Freeze each BatchNorm layer**, as on page `03`, and let the convolutions train:

# %%
freezing = tl.fix("frozen-batchnorm")
check = freezing.check(case.trainer(freezing.apply(case.measured)))
print(check.found)

# %%
# NBVAL_CHECK_OUTPUT
print(check.require())

# %% [markdown]
# **Or let the averages forget faster.** The momentum of ResNet50 and of EfficientNet-Lite0 is 0.99. Such averages
# remember about a hundred steps, and here that is one epoch: as long, counted in epochs, as MobileNetV2's in the post.

# %%
momentum = tl.fix("momentum-0.99")
check = momentum.check(case.trainer(momentum.apply(case.measured)))
print(check.found)

# %%
frozen, of_frozen = run(freezing)
faster, of_faster = run(momentum)
tl.plots.curves(
    {"as posted: momentum 0.999": posted, "momentum 0.99": faster, "BatchNorm frozen": frozen},
    title="Validation loss with slow, with faster, and with frozen statistics",
)

# %%
for title, compared in ((freezing.title, of_frozen), (momentum.title, of_faster)):
    for comparison in compared:
        print(tl.verdict_sentence(comparison, title))
    print()

# %%
# NBVAL_CHECK_OUTPUT
for comparison in of_frozen + of_faster:
    print(tl.verdict_words(comparison))

# %% [markdown]
# ## Does enlarging help?
#
# The faces have 48 pixels a side. Enlarged to 64 (224 in the post) they hold not one detail more.
#
# **Predict.** Without enlarging: is the run steadier, less steady, or is the difference smaller than the noise? Write
# "helps", "hurts" or "smaller than the noise".

# %%
my_guess = None

# %%
small = tl.fix("size-48")
print(small.check(case.trainer(small.apply(case.measured))).require())
unchanged, of_small = run(small)
print(tl.guessed(my_guess, of_small[0].verdict))

# %%
for comparison in of_small:
    print(tl.verdict_sentence(comparison, small.title))

# %%
# NBVAL_CHECK_OUTPUT
for comparison in of_small:
    print(tl.verdict_words(comparison))

# %% [markdown]
# ## All of them, side by side

# %%
fixes = (scaling, precise, freezing, momentum, small)
drawn = [c for fix in fixes for c in run(fix)[1]]
tl.plots.forest(
    drawn,
    {fix.name: fix.title for fix in fixes},
    title="Each change alone, against the posted recipe",
)

# %% [markdown]
# ## And on real faces?
#
# The same, recorded on real FER+. The seeds are too few to judge: each number is one pair of runs.

# %%
real = tl.case("ferplus", data="real")
before = real.recorded(real.measured)
for metric in asked:
    print(f"change of {metric}: {'drawn':>35}   real, seed by seed")
    for fix in fixes:
        (effect,) = (c.effect for c in drawn if (c.fix, c.metric) == (fix.name, metric))
        values = tl.values(before, metric), tl.values(real.recorded(fix.apply(real.measured)), metric)
        each = "  ".join(f"{values[1][seed] - values[0][seed]:+.3f}" for seed in values[1])
        print(f"    {fix.title:40} {effect:+.3f}   {each}")

# %% [markdown]
# ## Remember
#
# - TO WRITE
#
# **Next:** `09`, class weights, and what to do instead.
#
# **More:** the documentation of `preprocess_input` for your backbone in Keras Applications; the Keras guide *Transfer
# learning & fine-tuning*.
# *Page text: CC BY 4.0. Code: Apache-2.0.*
