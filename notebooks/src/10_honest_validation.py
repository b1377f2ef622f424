# %% [markdown]
# # Has your network seen your validation images?
#
# **In one sentence.** Trust a validation score only if the set is large enough, stays the same, and shares
# no images or people with the training set.
#
# **You will be able to** find copies across a split, split by patient, and estimate how much of a
# change is sampling noise.
#
# **Time.** 9 minutes to read, none to train, 8 for the exercises. **You need**
# [page 03](03_is_it_noise.ipynb).

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import hashlib

import numpy as np

import tlhelpers as tl
from tlhelpers.data import duplicates

faces = tl.study("ferplus", profile, live, seeds)
retina = tl.study("retinopathy", profile, live, seeds)

# %% [markdown]
# ## See it
#
# The faces question reports 93 to 95 % on FER+. Most published networks end below 92 %. When your score
# beats nearly all of them, inspect the images first. FER+ has copies across its split, and our drawn
# set has them at the same rate. Here are eight:

# %%
x_train, y_train, x_val, y_val = faces.case.arrays
codes = list(duplicates.pixel_hashes(x_train))
seen = np.flatnonzero(duplicates.has_duplicate(x_val, x_train))
partner = [codes.index(code) for code in duplicates.pixel_hashes(x_val[seen[:8]])]
tl.plots.contact_sheet(
    {"in training": x_train[partner], "in validation": x_val[seen[:8]]},
    "The same faces on both sides of the split",
    "Drawn faces; copies are put in at the rate measured on FER+.",
)

# %% [markdown]
# These are not similar faces. They are equal, pixel by pixel.
#
# ## Why
#
# A validation score answers one question: how good is this network on images it has never seen? A copy
# breaks that, because the network may have memorized its label. A second image of the same person has
# the same effect, but weaker.
#
# Both eyes of a patient resemble each other. In
# [EyePACS](https://www.kaggle.com/competitions/diabetic-retinopathy-detection) they agree in more than
# nine of ten patients on whether there is any disease. If you split by image, the network has trained on
# the other eye of most validation patients, usually with the same label.
#
# A leak does not cause jumps. It flatters the curve and hides overfitting.
#
# ## In Keras
#
# Find exact copies with a hash. It needs no network and a few seconds. Hash the decoded images, or the
# files, before anything is resized or augmented, and use one data type for both sides:


# %%
def hashes(images):
    return [hashlib.md5(np.asarray(image).tobytes()).hexdigest() for image in images]


# %% [markdown]
# For copies that were resized or saved again, use a perceptual hash such as `imagehash.dhash(image, hash_size=16)`. For FER+ we call
# two faces copies if at most 10 of its 256 bits differ. Look at
# what it finds before you throw anything out.
#
# Drop the copies from the *training* side. Then the validation set stays the same, and old scores remain
# comparable.
#
# For people, count who is on both sides. Here is what splitting by image does to the retina set:

# %%
split = retina.case.split
patients = np.concatenate([split.train.groups, split.validation.groups])  # one per image

by_image = np.random.default_rng(0).permutation(len(patients))
validation, train = np.split(by_image, [len(patients) // 4])
both = set(patients[train]) & set(patients[validation])
print(f"Split by image: {len(both)} of {len(set(patients[validation]))} patients are on both sides")

# %% [markdown]
# scikit-learn's `GroupShuffleSplit(n_splits=1, test_size=…)` never splits a person; `test_size` is the share
# of people, not of images. Its `split(patients, groups=patients)` yields pairs of index arrays: training, then validation. Of
# the first argument only the length counts.
#
# ## Does it help?
#
# It makes the score honest, and perhaps a little lower. We score the finished networks of the question's recipe
# separately, on the faces with a copy in training and on the rest.

# %%
posted = faces.runs()
copied = duplicates.has_duplicate(x_val, x_train)
right = [run.probabilities.argmax(axis=1) == run.labels for run in posted]
on_copies, on_others = ([r[which].mean() for r in right] for which in (copied, ~copied))
tl.plots.joined(
    {"copy in training": on_copies, "all others": on_others},
    "validation accuracy (share)",
    "Every network scores higher on the faces that have a copy in training",
    "A line joins the two scores of one network.",
)

# %% tags=["nbval-check-output"]
higher = np.mean(on_copies) > np.mean(on_others)
print("Accuracy is higher on the copies" if higher else "Accuracy is not higher on the copies")

# %% [markdown]
# Even on the copies the accuracy is not perfect. In FER+'s `label.csv`, ten people voted on each copy separately, so some copies
# carry two different labels. The votes of our drawn faces are simulated in the same way. (Part of the gap may be that these faces are easier.)
#
# Copies are few, so they lift the whole score by less than a point. They cannot explain 93 % alone. Ask three
# more things: which hard faces were left out, which split was scored, and which metric.
#
# ## Is it large enough?
#
# Measuring accuracy is like tossing a biased coin once per image. This is its 95 % margin, for a network
# that is right nine times out of ten:
#
# | validation images | one network | two epochs that differ on 5 % of the answers |
# | --- | --- | --- |
# | 100 | ± 5.9 points | ± 4.4 points |
# | 400 | ± 2.9 points | ± 2.2 points |
# | 1,600 | ± 1.5 points | ± 1.1 points |
# | 6,400 | ± 0.7 points | ± 0.5 points |
#
# Four times the images halve the margin. With several images per person it is wider. For a curve, read the last column: every epoch sees the same images,
# so only answers that *changed* add noise. Count them in your own run:


# %%
def margin(right_before, right_after):
    """95 % margin of a difference in accuracy on the same images, in points."""
    return 196 * np.sqrt(np.sum(right_before != right_after)) / len(right_before)


print(f"margin between two of our networks: {margin(right[0], right[-1]):.1f} points")
# In your training, after each of two epochs, with a softmax and one-hot labels:
# right = model.predict(x_val).argmax(1) == y_val.argmax(1)
# With one sigmoid output: right = (model.predict(x_val) > 0.5).ravel() == y_val.ravel()

# %% [markdown]
# Losses have such a margin too ([page 03](03_is_it_noise.ipynb) computes it). Does it explain the jumps of the retina?

# %%
jumpy = (list(retina.runs())[3:4] or list(retina.runs()))[0]
tl.plots.steps(jumpy, "In this run, most steps are larger than sampling noise (gray) can explain")

# %% [markdown]
# In our eight runs, three to eight of the nine steps leave the gray; this run shows eight. A step inside the gray may be sampling noise. Most
# steps outside it are not: a larger validation set would show them as well.
#
# A small set that *changes* from epoch to epoch also makes a curve jump: [page 08](08_data_path.ipynb) has the test.
#
# ## Try it
#
# **Exercise 1 (3 minutes).** What share of the validation faces has an exact copy in training? Use
# `hashes`, `x_train` and `x_val`.

# %% tags=["exercise"]
my_answer = None  # a share from 0 to 1

tl.check("10-copies", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# known = set(hashes(x_train))
# my_answer = np.mean([code in known for code in hashes(x_val)])
# ```
#
# To drop them from training, keep the images whose hash is not among those of `x_val`. We put them in at the rate of the real FER+: [8 % of its validation
# faces](../tlhelpers/data/ferplus_figures.json) have an exact copy in training.
# </details>

# %% [markdown]
# **Exercise 2 (5 minutes).** Split the retinas so that a quarter of the patients are in the validation set and
# nobody is on both sides. `patients` holds the patient of each image.

# %% tags=["exercise"]
my_answer = None  # (patients of the training images, patients of the validation images)

tl.check("10-patients", my_answer)

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# from sklearn.model_selection import GroupShuffleSplit
#
# splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
# train, validation = next(splitter.split(patients, groups=patients))
# my_answer = (patients[train], patients[validation])
# ```
#
# The groups decide, and the images follow. For several folds use `StratifiedGroupKFold`.
# </details>

# %% [markdown]
# ## Key points
#
# - Hash both sides before you believe a score. It takes seconds.
# - Split by person, and count the people on both sides. The count must be zero.
# - Count the images whose answer changes between right and wrong. Twice the root of that count, divided by the
#   number of images, is the margin.
#
# **Read more:** Barsoum et al., [the labels of FER+](https://arxiv.org/abs/1608.01041);
# scikit-learn's guide to [splits by group](https://scikit-learn.org/stable/modules/cross_validation.html).
