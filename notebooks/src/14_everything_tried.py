# %% [markdown]
# # Everything we tried, and how sure we are
#
# **In one sentence.** One change steadied both trainings without lowering the score: averaging the weights,
# with BatchNorm statistics measured for the average.
#
# **You will be able to** read a figure of effects, correct for many tries, and say what has
# not been shown.
#
# **Time.** 12 minutes to read, none to train, 11 for the exercises. **You need**
# [page 03](03_is_it_noise.ipynb) and [page 07](07_average_the_weights.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import tlhelpers as tl
from tlhelpers.experiment.cases import LETTERS

retina = tl.study("retinopathy", profile, live, seeds)
faces = tl.study("ferplus", profile, live, seeds)

# %% [markdown]
# ## See it
#
# Each row adds one change to our rebuild of the question's recipe. Two rows of the retina go back to the question: batches of 32 and the
# backbone's own inputs. Left: is the curve steadier? Right: is the score better?

# %%
retina_effects = retina.effects(retina.asked()[0])
tl.plots.effects(retina_effects, "Retina: two changes steady the curve, one of them costs score")

# %%
faces_effects = faces.effects(faces.asked()[0])
tl.plots.effects(faces_effects, "Faces: two changes steady the curve, two raise the score")

# %% [markdown]
# Gray means no clear effect in eight pairs, not no effect.
#
# ## Why so many rows are gray
#
# How much a run jumps depends on its seed, so with eight seeds only a large effect can be told from luck. Each change ran with the
# same seeds as the recipe without it, and each row shows the mean of the differences.
#
# Test enough useless changes, and one will probably look good by luck. Holm's
# correction makes up for that. With fifteen changes, as for the retina, it multiplies the smallest p-value by fifteen, the
# next by fourteen, and so on. We call an effect clear if its corrected p-value is below 0.05. The thick
# bars are not corrected, the thin ones are.
#
# ## Does it help?
#
# These are the rows with a clear effect. By [the protocol](../recordings/PROTOCOL.md), a change counts only if
# it steadies the curve *and* the interval rules out a loss of more than 0.02 of AUC, or 0.03 of macro-F1.

# %% tags=["nbval-check-output"]
for name, effects in {"retina": retina_effects, "faces": faces_effects}.items():
    for effect in effects:
        if {effect.on_jitter, effect.on_score} & {"helps", "hurts"}:
            print(f"{name}: {effect}")

# %% [markdown]
# A tenth of the learning rate steadies both curves. On the retina it lowers the score, even with
# [thirty epochs instead of ten](../recordings/PROTOCOL.md). A warm-up with a cosine raises the score of the faces, and shows no
# clear effect on the retina. Averaged weights with fresh statistics help steadiness in both, and
# rule out such a loss. Since they were chosen on these seeds, they were tested on eight others:
#
# - **Retina:** {{steadiness retinopathy}}
# - **Faces:** {{steadiness ferplus}} So it did no harm there, and had little to cure.
#
# ## In Keras
#
# This is the change that held up in both questions. [Page 07](07_average_the_weights.ipynb) has the
# callback, to copy.
#
# ```diff
# {{changes retinopathy weight-average-update-bn}}
# ```
#
# ## What we trained on
#
# The images are drawn, so everything runs offline.

# %%
tl.plots.contact_sheet(
    {
        "retina": retina.case.split.train.images[:8],
        "faces": faces.case.split.train.images[:8],
    },
    "Drawn by a program, no photograph among them",
    "The first eight training images of each question.",
)

# %% [markdown]
# The network is small. We matched two things roughly: how far each step turns the filters and,
# for the faces, BatchNorm's memory in epochs. For ResNet50, the step was measured on torchvision's weights.

# %%
similar = tl.similarity
tl.similarity.side_by_side(
    {
        "retina, question": similar.of(LETTERS["retinopathy"], 28_000),
        "retina, here": similar.of(retina.case.measured, len(retina.case.split.train.images)),
        "faces, question": similar.of(LETTERS["ferplus"], 28_558),
        "faces, here": similar.of(faces.case.measured, len(faces.case.split.train.images)),
    }
)

# %% [markdown]
# ## ResNet50 itself, and real images
#
# - **A true ResNet50** at 48 px, pretrained on drawn faces and then trained, with the retina's recipe, on drawn
#   retinas. In five pairs of runs
#   {{steadiness retinopathy witness}}
#   In five earlier pairs jitter could not decide: one loss rose and stayed up. All ten pairs were computed in mixed bfloat16.
# - **All real FER+ faces**, our small network, three pairs of the same change. Jitter fell from
#   {{before ferplus weight-average-update-bn jitter everything}} to
#   {{after ferplus weight-average-update-bn jitter everything}}, and macro-F1
#   rose in each pair.
# - **Real photographs of the retina** from EyePACS, at 96 px, our small network, three pairs of the same change. Jitter fell from
#   {{before retinopathy weight-average-update-bn jitter real}} to
#   {{after retinopathy weight-average-update-bn jitter real}}. Keras's own `val_loss` hardly jumped in them. A climb is left, and it is [overconfidence](09_overfit_or_overconfident.ipynb).
#   AUC stayed low with both recipes, probably because images this small show little of the disease.
#
# **Other changes to ResNet50 itself**, on two of its earlier seeds, so without a verdict:
#
# | change | jitter | AUC |
# | --- | --- | --- |
# | none, the question's recipe | {{base retinopathy weight-average jitter witness}} | {{base retinopathy weight-average auc witness}} |
# | averaged weights, fresh statistics | {{base retinopathy weight-average jitter witness against weight-average-update-bn}} | {{base retinopathy weight-average auc witness against weight-average-update-bn}} |
# | averaged weights alone | {{mean retinopathy weight-average jitter witness}} | {{mean retinopathy weight-average auc witness}} |
# | a tenth of the rate | {{mean retinopathy learning-rate-1e-5 jitter witness}} | {{mean retinopathy learning-rate-1e-5 auc witness}} |
# | frozen BatchNorm | {{mean retinopathy frozen-batchnorm jitter witness}} | {{mean retinopathy frozen-batchnorm auc witness}} |
# | `ReduceLROnPlateau` | the same: it never acted | the same |
#
# Averaging alone was nearly as calm as with fresh statistics; in the small network it was not.
# Frozen BatchNorm hardly learned.
#
# ## What we do not know
#
# - How much each change does for ResNet50 with ImageNet's weights at 224 px. We expect the same cause, but
#   the effect may be larger or smaller. On the retina, BatchNorm remembers a hundred steps in both, half an
#   epoch here and a ninth there. We do not know what that does to the lag.
# - What ResNet50 itself does on the faces. Its first weights come from faces here, so that would prove little.
# - Whether another set of images would change a row. All seeds share one set.
# - Whether a gray row does a little. With eight pairs, only a large effect stands out.
#
# So test a row on your own training ([page 15](15_your_own_training.ipynb)).
#
# ## Try it
#
# **Exercise 1 (7 minutes).** Rebuild one row: the retina with a tenth of the learning rate, whose runs are
# `retina.runs("learning-rate-1e-5")`. What is the mean change of jitter, and in how many of the pairs did
# jitter fall?

# %% tags=["exercise"]
my_answer = None  # (mean change, pairs); tl.values(runs, "jitter") gives jitter by seed

tl.check("14-row", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# before = tl.values(retina.runs(), "jitter")
# after = tl.values(retina.runs("learning-rate-1e-5"), "jitter")
# changes = [after[seed] - before[seed] for seed in before]
# my_answer = (sum(changes) / len(changes), sum(change < 0 for change in changes))
# ```
#
# It falls in all eight pairs. The mean is the dot of that row. Both runs of a pair begin with the same head
# and see the images in the same order.
# </details>

# %% [markdown]
# **Exercise 2 (4 minutes).** You try fifteen changes. The best one has p = 0.03. Suppose that none of
# the fifteen does anything: then each p-value is a random number between 0 and 1. How often is the
# smallest of them 0.03 or less? Does your best change count?

# %% tags=["exercise"]
my_answer = None  # (share of tries, "yes" or "no"); NumPy's default_rng(0).uniform may help

tl.check("14-luck", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# import numpy as np
#
# rng = np.random.default_rng(0)
# smallest = rng.uniform(size=(100_000, 15)).min(axis=1)
# my_answer = ((smallest <= 0.03).mean(), "no")
# ```
#
# Luck alone does this in more than a third of such searches. Holm multiplies the smallest p-value by
# fifteen: 0.45 is far from 0.05.
# </details>

# %% [markdown]
# ## Key points
#
# - Averaged weights with fresh BatchNorm statistics are the one change that helps both questions and
#   hurts neither. On the retina, that holds in ResNet50 itself.
# - Much of the usual advice makes no difference that eight seeds can show.
# - Try fifteen changes and one may look good by luck. Pair your seeds, and count your tries.
#
# <details><summary>How sure are we?</summary>
#
# Eight paired seeds; 95 % intervals of Student's t; Holm's correction over every planned change, separately for each
# question and for jitter and score. The protocol fixed the
# questions before the runs. The network, the images and the rules were
# chosen after some earlier results: it says which.
# </details>
#
# **Read more:** [the protocol](../recordings/PROTOCOL.md), and every run is recorded beside it;
# Jordan on [how much seeds differ](https://arxiv.org/abs/2304.01910); [the first
# question](https://datascience.stackexchange.com/questions/121657) and [the
# second](https://stats.stackexchange.com/questions/642170).
