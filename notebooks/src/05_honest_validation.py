# %% [markdown]
# # 05 · An honest validation set
#
# **Question.** Every number so far came from a validation set. When may I believe it?
#
# **You will learn** five questions to ask of any validation set. Predictions that you have already, and the names of the
# patients, answer most of them without new training.
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
# one half. And look for the seed with the highest accuracy: it need not be the one with the highest AUC. The two are
# different questions.
#
# ## 2. Is it large enough?
#
# The same network, scored on other pictures, gets another number. How far apart? We pick patients at random, again and
# again, from those that we have (a *bootstrap*) and look at the spread, the **standard error**.


# %%
def spread(number, groups, pictures, draws=200):
    """Standard deviation of a number over sets of groups picked anew, about `pictures` pictures."""
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    count = round(pictures * len(members) / len(groups))
    drawn = ([members[i] for i in rng.integers(0, len(members), count)] for _ in range(draws))
    return np.std([number(np.concatenate(each)) for each in drawn])


def accuracy(run, index):
    return (run.probabilities[index].argmax(axis=1) == run.labels[index]).mean()


def nll(run, index):
    return tl.calibration.image_nll(run.probabilities[index], run.labels[index]).mean()


def auc(run, index):
    return roc_auc_score(run.labels[index], run.probabilities[index, 1])


def difference(score, a, b, index):
    return score(b, index) - score(a, index)


few = list(zip(posted, frozen, strict=True))[:3]  # the errors hardly differ between seeds
sizes = [len(validation) // share for share in (8, 4, 2, 1)]
patients = validation.groups
print(f"{'standard error, validation pictures:':42}" + "".join(f"{n:8}" for n in sizes))
for score in (accuracy, nll, auc):
    for place, words in enumerate(("one network, as posted", "one network, frozen")):
        one = [np.mean([spread(partial(score, p[place]), patients, n) for p in few]) for n in sizes]
        print(f"{score.__name__:10} {words:31}" + "".join(f"{value:8.3f}" for value in one))
for score in (accuracy, nll, auc):
    both = [partial(difference, score, a, b) for a, b in few]
    two = [np.mean([spread(number, patients, n) for number in both]) for n in sizes]
    print(
        f"{score.__name__:10} {'two networks, same pictures':31}"
        + "".join(f"{v:8.3f}" for v in two)
    )
enough = sizes[-1] * (2 * two[-1] / 0.02) ** 2  # the error falls with the root of the number
print(f"pictures for an AUC difference of 0.02 between two such networks: about {enough:.0f}")

# %% [markdown]
# Four times the pictures halve the error. **A rule for two networks:** believe a difference that is larger than two standard
# errors. Scored on two different sets, the errors of both networks go into it. On the same set part of the luck is shared,
# and it is less than that (the last rows; between two epochs of one run most of it is shared, page `01`). So compare on the
# same pictures. The last line says for how many a small difference is as large as two standard errors. A true one would
# then be seen every second time; to see it four times in five, take about twice as many.
#
# **This is the luck of the pictures only.** Two *recipes* differ by the luck of training as well (page `01`): look how far
# apart the AUCs of one recipe lie in the first table, all on the same pictures. For recipes you need several seeds, too.
#
# This is also why a validation set must be **the same in each epoch**. Pick it anew each time, and the curve jumps by
# the first rows and more, without any change of the network.
#
# Both eyes of a patient resemble each other, so they bring less than two pictures' worth of knowledge. We picked *patients*
# above. Whoever picks pictures believes they know more:

# %%
everything = len(validation)
for words, groups in (("pictures", np.arange(everything)), ("patients", patients)):
    error = np.mean([spread(partial(nll, a), groups, everything, draws=1000) for a, _ in few])
    print(f"standard error of the NLL, picking {words}: {error:.4f}")

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
        f"with the leak, change of {tl.metrics.metric(one.metric).title}: {tl.wording.effect_words(one)}, {one.seeds} pairs"
    )

# %% [markdown]
# The AUC and the accuracy do not move by more than the noise. The NLL is lower with the leak. **So this experiment does not
# answer the question**, and we say why:
#
# - The honest and the leaky training set were made once each, of different pictures. The intervals speak of the luck of
#   training. Whether the NLL fell for the leak or for the luck of the pictures, we cannot tell.
# - Five epochs may be too few to learn a patient by heart.
# - These eyes are drawn: how much two of them share was our choice. Real ones share a camera, colours and vessels.
#
# A score cannot tell you whether there is a leak. Counting can, and it costs nothing. In your own code, with the patient of
# each picture at hand: `len(set(train_patients) & set(validation_patients))`. Here, with the split that all other pages
# use:

# %%
# NBVAL_CHECK_OUTPUT
for name, this in (("honest", honest_case), ("leaky", leaky_case), ("all other pages", case)):
    shared, patients_there = shared_groups(this.split), len(set(this.split.validation.groups))
    print(f"{name}: {shared} of {patients_there} validation patients train as well")

# %% [markdown]
# ## 4. Does its confidence match its accuracy?
#
# A loss can climb while the accuracy stays. The runs of page `03` with frozen BatchNorm do:

# %%
tl.plots.curves({"BatchNorm frozen": frozen}, title="The validation loss climbs …")

# %%
tl.plots.curves(
    {"BatchNorm frozen": frozen},
    column="val_accuracy",
    title="… while the accuracy of the same networks stays, dips aside",
    log=False,
)

# %% [markdown]
# The network gets surer, also where it is wrong. One number shows it. Divide all logits by a **temperature** and look for
# the one with the smallest NLL. If it is above 1, the network was too sure. No prediction changes, only how sure it is: at a
# temperature of 3, "0.99" becomes "0.82".
#
# We look for the temperature on one half of the patients and measure on the other. Otherwise the number would flatter
# itself. (The recordings on photographs do not say whose eye it was. There the halves are of pictures, so some patients
# are in both.)
#
# One part is known beforehand. On TensorFlow, as here, the posted loss trains each of the two outputs as a sigmoid of its
# own (page `02`): one learns the log-odds of "ill", the other those of "healthy", which are the same number with a minus. The
# softmax then sees the distance of the two, *twice* the log-odds. That alone asks for a temperature of about two.
#
# **Predict.** What is the mean temperature of the runs above?

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
        tl.calibration.image_nll(each, labels[~half]).mean() for each in (p[~half], cool)
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
print(
    f"{'mean of the seeds':30} right  sure where wrong  temperature   NLL → at it   constant   AUC"
)
for name, (temperature, raw, cool) in found.items():
    runs, _ = rows[name]
    ill = runs[0].labels.mean()
    constant = -(ill * np.log(ill) + (1 - ill) * np.log(1 - ill))
    area = np.mean(list(tl.values(runs, "auc").values()))
    wrong = [run.probabilities.argmax(axis=1) != run.labels for run in runs]
    right = 1 - np.mean(wrong)
    sure = np.mean(
        [run.probabilities[w].max(axis=1).mean() for run, w in zip(runs, wrong, strict=True)]
    )
    print(
        f"{name:30} {right:.2f} {sure:15.2f} {temperature:14.2f} {raw:8.3f} → {cool:.3f} "
        f"{constant:9.3f} {area:7.3f}"
    )

# %% [markdown]
# "Right" is the accuracy. "Sure where wrong" is the mean probability that the network gives to its answer where that is
# wrong; one half would be the least. "Constant" is the NLL of somebody who gives each eye the same probability, the share of
# ill eyes. The two NLL columns are of one half of the pictures, all others of the whole.
#
# - **Drawn, as posted.** Near the two that the loss explains. With the softmax's own loss, categorical cross-entropy, the
#   temperature is near one. On all pictures that change moves the NLL by
#   {{effect retinopathy categorical-crossentropy nll}} (95 % interval {{interval retinopathy categorical-crossentropy
#   nll}}), and the AUC by {{effect retinopathy categorical-crossentropy auc}}. Cooled afterwards, the posted run does as
#   well.
# - **Drawn, BatchNorm frozen.** Too sure, beyond that. One number takes about half of the loss away.
# - **Photographs.** Here one number takes most of the posted run's loss away, and what is left is no better than the
#   constant. The AUC says that eyes are sorted better than by chance, and not well. Frozen BatchNorm needs less cooling, and
#   ends at the same place. (Three seeds each.)
#
# So a huge validation loss need not mean a bad sorting. It can be a loud voice with little to say. **What to do:** divide
# the logits by the temperature (of probabilities `p`: `softmax(log(p) / temperature)`), or stop before the climb. If the
# cooled loss is still no better than the constant, training longer will not help; better pictures might.
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
print(f"{count} ill eyes to report on: standard error of a share of {wanted}: at least ", end="")
print(f"{np.sqrt(wanted * (1 - wanted) / count):.2f}")

# %% [markdown]
# "Found" is the share of ill eyes that are called ill, "healthy passed" the share of healthy eyes that are called healthy.
#
# At one half, a quarter of the ill eyes are missed, and nearly all healthy ones pass. With the chosen threshold most ill
# eyes are found, and a third of the healthy ones are called back. Which is better is no question of training.
#
# Two remarks. The share found is below the one asked for with each seed. All seeds choose on the same half and report on the
# same other half, so this is one piece of luck and not eight; the error above counts eyes, and patients would make it larger.
# And the thresholds are tiny: to find nearly all ill eyes one must go down to those that the network takes for healthy, and
# this one is very sure of them.
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
