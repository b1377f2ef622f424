# %% [markdown]
# # 05 · An honest validation set
#
# **Question.** Every number so far came from a validation set. When may I believe it?
#
# **You will learn** five questions to ask of any validation set. All but one are answered by predictions that you
# have already, without new training.
#
# **Time:** 15 minutes, less than one of them computing. **Before:** pages `01` and `03`.

# %% tags=["parameters"]
profile = "quick"
live = False
seeds = 0

# %%
import numpy as np
from sklearn.metrics import roc_auc_score

import tlhelpers as tl

case = tl.case("retinopathy", profile=profile)
posted = case.run(case.measured, seeds=seeds or None, live=live, label="posted")
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
print("seed  accuracy  of it above the trivial one    AUC")
for run in posted:
    accuracy, auc = run.curve("val_accuracy")[-1], run.curve("val_auc")[-1]
    print(f"{run.seed:4}  {accuracy:8.3f}  {accuracy - trivial:+27.3f}  {auc:5.3f}")

# %% [markdown]
# Put the trivial accuracy beside yours, always. The AUC needs no such reminder: whoever says the same to everyone gets
# one half.
#
# ## 2. Is it large enough?
#
# The same network, scored on other pictures, gets another number. How far apart? We draw patients again and again from
# those that we have (a *bootstrap*) and look at the spread.


# %%
def spread(score, run, pictures, draws=200):
    """Standard deviation of a score over sets of patients drawn anew, about `pictures` pictures each."""
    rng = np.random.default_rng(0)
    patients = [np.flatnonzero(validation.groups == g) for g in np.unique(validation.groups)]
    count = pictures // 2
    found = []
    for _ in range(draws):
        index = np.concatenate([patients[i] for i in rng.integers(0, len(patients), count)])
        found.append(score(run.labels[index], run.probabilities[index]))
    return np.std(found)


scores = {
    "accuracy": lambda labels, p: (p.argmax(axis=1) == labels).mean(),
    "NLL": lambda labels, p: tl.calibration.picture_nll(p, labels).mean(),
    "AUC": lambda labels, p: roc_auc_score(labels, p[:, 1]),
}
sizes = [len(validation) // share for share in (8, 4, 2, 1)]
print("standard error of a run's score (mean of three runs), by number of validation pictures")
print(f"{'':10}" + "".join(f"{n:8}" for n in sizes))
for name, score in scores.items():
    row = [np.mean([spread(score, run, n) for run in list(posted)[:3]]) for n in sizes]
    print(f"{name:10}" + "".join(f"{value:8.3f}" for value in row))

# %% [markdown]
# Four times the pictures halve the error. With the smallest set here, two networks must differ by a lot before you may
# say so. (Between two epochs of *one* run most of this luck cancels, because the pictures are the same: page `01`.)
#
# This is also why a validation set must be **the same in each epoch**. Draw it anew each time, and the curve jumps by
# this much without any change of the network.
#
# Both eyes of a patient resemble each other, so they bring less than two pictures' worth of knowledge. We drew *patients*
# above. Whoever draws pictures believes to know more:


# %%
def nll_error(run, groups=None):
    """Standard error of the mean NLL, pictures or whole patients being independent."""
    nll = tl.calibration.picture_nll(run.probabilities, run.labels)
    return tl.stability.nll_step_se(np.zeros(len(nll)), nll, groups)


for words, groups in (("picture by picture", None), ("patient by patient", validation.groups)):
    print(
        f"standard error of the NLL, {words}: {np.mean([nll_error(r, groups) for r in posted]):.4f}"
    )

# %% [markdown]
# ## 3. Has the network seen these patients?
#
# A split by *picture* puts most patients on both sides: one eye to train, the other to validate. The grades of both eyes
# mostly agree. Does the network profit from that?
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
print(tl.guessed(my_guess, leak[0].effect, "AUC"))
for compared in leak:
    print(tl.verdict_sentence(compared, "the leak"))

# %%
# NBVAL_CHECK_OUTPUT
for this in (honest_case, leaky_case):
    print(tl.checks.no_patient_across(this.trainer(recipe)))

# %% [markdown]
# LEAK
#
# ## 4. Is it as sure as it is right?
#
# A loss can climb while the accuracy stays: the network gets surer, also where it is wrong. One number shows it. Divide
# all logits by a **temperature** and look for the one with the smallest NLL. If it is above 1, the network was too sure.
# No prediction changes, only how sure it is.
#
# We look for the temperature on one half of the patients and measure on the other. Otherwise the number would flatter itself.
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


freeze = tl.fix("frozen-batchnorm")
frozen = case.run(freeze.apply(case.measured), seeds=seeds or None, live=live, label=freeze.name)
photographs = tl.case("retinopathy", data="real")
rows = {
    "drawn, as posted": (posted, validation.groups),
    "drawn, BatchNorm frozen": (frozen, validation.groups),
    # The recordings hold no patients: here the halves are of pictures.
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
print(f"{'mean of the seeds':30} temperature    NLL   NLL at it   of saying the share")
for name, (temperature, raw, cool) in found.items():
    ill = rows[name][0][0].labels.mean()
    share = -(ill * np.log(ill) + (1 - ill) * np.log(1 - ill))
    print(f"{name:30} {temperature:11.2f} {raw:6.3f} {cool:11.3f} {share:21.3f}")

# %% [markdown]
# Every row is above 1: too sure. The last column is the NLL of somebody who knows nothing but the share of ill eyes and says
# that of each eye.
#
# On photographs the posted run needs a huge temperature, and then its NLL is no better than that column. All of its
# climbing loss was overconfidence, and little knowledge is left below it. On drawn pictures with frozen BatchNorm, the
# loss falls by half, and there is knowledge.
#
# Part of it has a known reason. On TensorFlow, the posted loss trains each of the two outputs as a sigmoid of its own
# (page `02`). The softmax then sees the distance of the two, which is *twice* the log-odds. That alone asks for a
# temperature of about two.
#
# ## 5. Where is the threshold?
#
# Accuracy calls an eye ill if its probability is above one half. Nobody said that one half is right. Missing an ill eye and calling a
# healthy one ill do not cost the same. So choose the threshold for what you need, such as 90 % of the ill eyes found. Choose
# it on one half of the patients, and report what it does on the other:

# %%
wanted = 0.9
print("seed  at 0.5: found, healthy passed    threshold    chosen: found, healthy passed")
for run in frozen:
    half = tl.calibration.halves(run.labels, validation.groups)
    ill, p = run.labels == 1, run.probabilities[:, 1]
    chosen = np.quantile(p[half & ill], 1 - wanted)
    row = [
        (share[rest].mean())
        for at in (0.5, chosen)
        for share, rest in ((p >= at, ~half & ill), (p < at, ~half & ~ill))
    ]
    print(
        f"{run.seed:4} {row[0]:13.2f} {row[1]:13.2f} {chosen:18.3f} {row[2]:16.2f} {row[3]:13.2f}"
    )

# %% [markdown]
# At one half, a quarter of the ill eyes are missed, and nearly all healthy ones pass. With the chosen threshold most ill eyes are found,
# and a third of the healthy ones must come again. Which is better is no question of training. (The chosen thresholds lie
# near zero: these networks are too sure. The share found differs a little from the one asked for, because it was chosen on other
# patients.)
#
# ## Remember
#
# - Say beside each accuracy what a constant answer gets.
# - Know the standard error of your validation set, counted in patients. Keep the set the same in each epoch.
# - Split by patient. Count the patients on both sides: the number has to be zero.
# - If the loss climbs and the accuracy stays, fit a temperature. It costs no training.
# - Choose a threshold on other pictures than those you report.
#
# **Next:** `06`, the steady run, and the answer.
#
# **More:** Guo et al. 2017 (arXiv 1706.04599).
# *Page text: CC BY 4.0. Code: Apache-2.0.*
