# %% [markdown]
# # 05 · An honest validation set
#
# **Question.** Every number so far came from a validation set. When may I believe it?
#
# **You will learn** five questions to ask of any validation set. All but one are answered by predictions that you
# have already, without new training.
#
# **Time:** 15 minutes, less than one of them computing. **Before:** pages `01` to `03`.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
from functools import partial

import numpy as np
from sklearn.metrics import roc_auc_score

import tlhelpers as tl
from tlhelpers.data.splits import shared_groups

case = tl.case("retinopathy", profile=profile)
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
freeze = tl.fix("frozen-batchnorm")
frozen = case.run(freeze.apply(case.measured), seeds=seeds or None, live=live, label=freeze.name)
validation = case.split.validation

# %% [markdown]
# ## 1. What does saying "no DR" to everyone get?
#
# **Predict.** Of all validation pictures, how many percent show no DR?

# %%
my_guess = None

# %%
trivial = tl.metrics.trivial_accuracy(posted[0])
print(tl.guessed(my_guess, 100 * trivial, "percent"))
print("seed  accuracy  gain over the trivial one    AUC")
for run in posted:
    accuracy, auc = run.curve("val_accuracy")[-1], run.curve("val_auc")[-1]
    print(f"{run.seed:4}  {accuracy:8.3f}  {accuracy - trivial:+25.3f}  {auc:5.3f}")

# %% [markdown]
# Put the trivial accuracy beside yours, always. The AUC needs no such reminder: whoever says the same to everyone gets
# one half. And look for the seed with the highest accuracy: what is its AUC? The two are different questions.
#
# ## 2. Is it large enough?
#
# The same network, scored on other pictures, gets another number. How far apart? We draw patients again and again from
# those that we have (a *bootstrap*) and look at the spread, the **standard error**.


# %%
def spread(number, groups, pictures, draws=200):
    """Standard deviation of a number over sets of groups drawn anew, about `pictures` pictures."""
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    count = round(pictures * len(members) / len(groups))
    drawn = ([members[i] for i in rng.integers(0, len(members), count)] for _ in range(draws))
    return np.std([number(np.concatenate(each)) for each in drawn])


def accuracy(run, index):
    return (run.probabilities[index].argmax(axis=1) == run.labels[index]).mean()


def nll(run, index):
    return tl.calibration.picture_nll(run.probabilities[index], run.labels[index]).mean()


def auc(run, index):
    return roc_auc_score(run.labels[index], run.probabilities[index, 1])


def difference(score, a, b, index):
    return score(b, index) - score(a, index)


few = list(zip(posted, frozen, strict=True))[:3]  # the errors hardly differ between seeds
sizes = [len(validation) // share for share in (8, 4, 2, 1)]
patients = validation.groups
print(f"{'standard error, validation pictures:':42}" + "".join(f"{n:8}" for n in sizes))
for score in (accuracy, nll, auc):
    one = [np.mean([spread(partial(score, a), patients, n) for a, _ in few]) for n in sizes]
    print(f"{score.__name__:10} {'of one network':31}" + "".join(f"{value:8.3f}" for value in one))
for score in (accuracy, auc):
    both = [partial(difference, score, a, b) for a, b in few]
    two = [np.mean([spread(number, patients, n) for number in both]) for n in sizes]
    print(
        f"{score.__name__:10} {'two networks, same pictures':31}"
        + "".join(f"{v:8.3f}" for v in two)
    )

# %% [markdown]
# Four times the pictures halve the error. **A rule:** believe a difference that is larger than two standard errors. For two
# networks on two different sets, the error of the difference is larger than that of one. On the same set it is smaller,
# because part of the luck is shared (the last two rows; between two epochs of one run most of it, page `01`). So compare
# on the same pictures, and count in the table what yours can tell.
#
# This is also why a validation set must be **the same in each epoch**. Draw it anew each time, and the curve jumps by
# the first rows without any change of the network.
#
# Both eyes of a patient resemble each other, so they bring less than two pictures' worth of knowledge. We drew *patients*
# above. Whoever draws pictures believes they know more:

# %%
everything = len(validation)
for words, groups in (("pictures", np.arange(everything)), ("patients", patients)):
    error = np.mean([spread(partial(nll, a), groups, everything, draws=1000) for a, _ in few])
    print(f"standard error of the NLL, drawing {words}: {error:.4f}")

# %% [markdown]
# ## 3. Has the network seen these patients?
#
# A split by *picture* puts most patients on both sides: one eye to train, the other to validate. Both eyes are mostly
# ill or healthy together, in EyePACS and in our drawn pictures. Does the network profit from that?
#
# We made two training sets of the same size. Both are validated on **the same** pictures: one eye of each patient. In the
# *honest* set no such patient occurs. In the *leaky* one, four of five of them train with their other eye, as in a split
# by picture that keeps a fifth for validation.
#
# **Predict.** By how much does the AUC rise with the leak?

# %%
my_guess = None

# %%
honest_case, leaky_case = (
    tl.case("retinopathy", profile=profile, fellow_eyes=share) for share in (0.0, 0.8)
)
recipe = tl.steady(case).but(epochs=5)  # page 06's: frozen BatchNorm, averaged weights
honest, leaky = (
    this.run(recipe, seeds=seeds or None, live=live, label="leak")
    for this in (honest_case, leaky_case)
)
leak = [tl.compare(honest, leaky, metric) for metric in ("auc", "accuracy", "nll")]
print(tl.guessed(my_guess, f"{leak[0].effect:+.3f}"))
for one in leak:
    print(
        f"with the leak, change of {tl.metrics.metric(one.metric).title}: {tl.evidence.effect_words(one)}, {one.seeds} pairs"
    )

# %% [markdown]
# The AUC and the accuracy do not move by more than the noise. The NLL is lower with the leak.
#
# Be careful with both. Each side was drawn once, and they train on different pictures. The intervals speak of the luck of
# training and not of the luck of the draw, so we cannot tell the leak from the draw. And these eyes are drawn: how much
# two of them share was our choice. Real ones share a camera, colours and vessels.
#
# So do not ask the score whether there is a leak. Count:

# %%
# NBVAL_CHECK_OUTPUT
for name, this in (("honest", honest_case), ("leaky", leaky_case)):
    shared = shared_groups(this.split)
    print(f"{name}: {shared} of {len(this.split.validation)} patients are on both sides")

# %% [markdown]
# ## 4. Does its confidence match its accuracy?
#
# A loss can climb while the accuracy stays: the network gets surer, also where it is wrong. One number shows it. Divide
# all logits by a **temperature** and look for the one with the smallest NLL. If it is above 1, the network was too sure.
# No prediction changes, only how sure it is.
#
# We look for the temperature on one half of the patients and measure on the other. Otherwise the number would flatter
# itself. (The recordings on photographs do not say whose eye it was. There the halves are of pictures.)
#
# One part is known beforehand. On TensorFlow, as here, the posted loss trains each of the two outputs as a sigmoid of its
# own (page `02`). The softmax then sees the distance of the two, which is *twice* the log-odds. That alone asks for a
# temperature of about two.
#
# **Predict.** The runs of page `03` with frozen BatchNorm climbed. Their mean temperature?

# %%
my_guess = None


# %%
def calibrated(run, groups):
    """Temperature of one half of the patients; NLL of the other half, before and after."""
    half = tl.calibration.halves(run.labels, groups)
    p, labels = run.probabilities, run.labels
    temperature = tl.calibration.temperature(p[half], labels[half])
    cool = tl.calibration.at_temperature(p[~half], temperature)
    return temperature, *(
        tl.calibration.picture_nll(each, labels[~half]).mean() for each in (p[~half], cool)
    )


photographs = tl.case("retinopathy", data="real")
mend = tl.fix("categorical-crossentropy")
mended = case.run(mend.apply(case.measured), seeds=seeds or None, live=live, label=mend.name)
rows = {
    "drawn, as posted": (posted, validation.groups),
    "drawn, categorical loss": (mended, validation.groups),
    "drawn, BatchNorm frozen": (frozen, validation.groups),
    "photographs, as posted": (photographs.recorded(photographs.measured), None),
    "photographs, BatchNorm frozen": (
        photographs.recorded(freeze.apply(photographs.measured)),
        None,
    ),
}
found = {
    name: np.mean([calibrated(run, groups) for run in runs], axis=0)
    for name, (runs, groups) in rows.items()
}
print(tl.guessed(my_guess, found["drawn, BatchNorm frozen"][0]))
print(f"{'mean of the seeds':30} temperature   NLL → at it   of saying the share    AUC")
for name, (temperature, raw, cool) in found.items():
    runs, _ = rows[name]
    ill = runs[0].labels.mean()
    share = -(ill * np.log(ill) + (1 - ill) * np.log(1 - ill))
    area = np.mean(list(tl.values(runs, "auc").values()))
    print(f"{name:30} {temperature:11.2f} {raw:6.3f} → {cool:.3f} {share:19.3f} {area:8.3f}")

# %% [markdown]
# The last but one column is the NLL of somebody who gives each eye the same probability: the share of ill eyes.
#
# - **Drawn, as posted.** Near the two that the loss explains. With the softmax's own loss, categorical cross-entropy, the
#   temperature is near one: the network is about as sure as it is right. That change lowers the loss
#   ({{effect retinopathy categorical-crossentropy nll}}), and a little the AUC
#   ({{effect retinopathy categorical-crossentropy auc}}).
# - **Drawn, BatchNorm frozen.** Too sure, beyond that. One number takes about half of the loss away.
# - **Photographs.** Here one number takes most of the posted run's loss away, and what is left is no better than the
#   share. The AUC says that some eyes are sorted, but not many. Frozen BatchNorm needs less cooling, and ends at the same
#   place. (Three seeds each.)
#
# So a huge validation loss need not mean a bad sorting. It can be a loud voice with little to say.
#
# ## 5. Where is the threshold?
#
# Accuracy calls an eye ill if its probability is above one half. Nobody said that one half is right. Missing an ill eye and
# calling a healthy one back do not cost the same. So choose the threshold for what you need, such as 90 % of the ill eyes
# found. Choose it on one half of the patients, and report what it does on the other:

# %%
wanted = 0.9
half = tl.calibration.halves(validation.labels, patients)
ill = validation.labels == 1
print("seed   at 0.5: found, healthy passed   threshold   chosen: found, healthy passed")
for run in frozen:
    p = run.probabilities[:, 1]
    chosen = np.quantile(p[half & ill], 1 - wanted)
    row = [
        share[rest].mean()
        for at in (0.5, chosen)
        for share, rest in ((p >= at, ~half & ill), (p < at, ~half & ~ill))
    ]
    print(
        f"{run.seed:4} {row[0]:14.2f} {row[1]:13.2f} {chosen:16.1e} {row[2]:14.2f} {row[3]:13.2f}"
    )
count = (~half & ill).sum()
print(f"{count} ill eyes to report on: standard error of a share of {wanted}: ", end="")
print(f"{np.sqrt(wanted * (1 - wanted) / count):.2f}")

# %% [markdown]
# At one half, a quarter of the ill eyes are missed, and nearly all healthy ones pass. With the chosen threshold most ill
# eyes are found, and a third of the healthy ones are called back. Which is better is no question of training. (The share
# found is not quite the one asked for. The halves are the same for all seeds, and so few ill eyes cannot say it better.
# The thresholds are tiny because these networks are too sure; a temperature would spread them.)
#
# ## Remember
#
# - Say beside each accuracy what a constant answer gets.
# - Know the standard error of your score, counted in patients. Keep the set the same in each epoch and for each network.
# - Split by patient. Count the patients on both sides: the number has to be zero.
# - If the loss climbs and the accuracy stays, fit a temperature. It costs no training.
# - Choose a threshold on other patients than those you report on.
#
# **Next:** `06`, the steady run, and the answer.
#
# **More:** Guo et al. 2017 (arXiv 1706.04599).
# *Page text: CC BY 4.0. Code: Apache-2.0.*
