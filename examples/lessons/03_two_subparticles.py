"""Lesson 3: two subparticles, exactly. Run it with ``deepparticle lessons 3``."""

import marimo

app = marimo.App(width="medium", app_title="3. Two subparticles, exactly")


@app.cell
def _():
    import marimo as mo
    import numpy as np

    import deepparticle as dp
    from deepparticle import analysis, figures

    return analysis, dp, figures, mo, np


@app.cell
def _(mo):
    mo.md(r"""
    # 3. Two subparticles, exactly

    Two states between −1 and 1, each the other's outside. With two of them everything can be
    computed without sampling: the law of both is a density over a square, and an integral over a
    square is no trouble. So this is the place to ask what a network *samples*.

    Each subparticle has a bias $b$, senses $J \sigma$ of the other, and draws its next state from

    $$p(\sigma' ; \theta) \propto e^{\theta \sigma'}, \qquad \theta_1 = b_1 + J_{12}\, \sigma_2,
    \qquad \theta_2 = b_2 + J_{21}\, \sigma_1 .$$

    How often each pair of states comes up in the long run is the **stationary law** of the two. It
    depends on who updates when, which is called the **schedule**:

    - *sequential*: first 1, then 2, each seeing the newest state of the other; the law is read when
      both have updated;
    - *random*: one of the two at a time, chosen by chance;
    - *synchronous*: both at once, from the old states;
    - *langevin*: in continuous time, both drifting along $\theta$ with noise, between walls at −1
      and 1.

    The law to hold it against is **Boltzmann's**,

    $$p(\sigma_1, \sigma_2) \propto e^{b_1 \sigma_1 + b_2 \sigma_2 + J^\dagger \sigma_1 \sigma_2},
    \qquad J^\dagger = \tfrac12 (J_{12} + J_{21}) .$$

    If the couplings are equal, the law of either state given the other is the update above. It
    knows the mean $J^\dagger$ of the two only, the *symmetric part*.
    """)


@app.cell
def _(mo):
    forth = mo.ui.slider(-4, 4, 0.25, value=2, label="J₁₂, from 2 to 1", show_value=True)
    back = mo.ui.slider(-4, 4, 0.25, value=2, label="J₂₁, from 1 to 2", show_value=True)
    bias = mo.ui.slider(-2, 2, 0.1, value=0.5, label="bias of 1", show_value=True)
    schedule = mo.ui.dropdown(
        ["sequential", "random", "synchronous", "langevin"], value="sequential", label="schedule"
    )
    mo.vstack([mo.hstack([forth, back]), mo.hstack([bias, schedule])])
    return back, bias, forth, schedule


@app.cell
def _(back, bias, dp, forth):
    world = dp.Partition("pair")
    _one = world.add_subparticle("1", bias=bias.value)
    _two = world.add_subparticle("2", bias=-0.2)
    world.couple(_two, _one, forth.value)
    _ = world.couple(_one, _two, back.value)
    return (world,)


@app.cell
def _(analysis, dp, schedule, world):
    law = analysis.stationary_law(dp.Simulator(world), schedule=schedule.value)
    symmetric = analysis.symmetric_part(world.couplings)
    boltzmann = analysis.stationary_law(symmetric, world.biases, schedule="random")
    return boltzmann, law


@app.cell
def _(analysis, boltzmann, law, mo, schedule):
    distance = analysis.total_variation(law, boltzmann)
    mo.md(f"""
    | | {schedule.value} | Boltzmann's law of the symmetric part |
    |---|---|---|
    | mean of 1 | {law.mean[0]:.3f} | {boltzmann.mean[0]:.3f} |
    | mean of 2 | {law.mean[1]:.3f} | {boltzmann.mean[1]:.3f} |
    | correlation | {law.correlations[0, 1]:.3f} | {boltzmann.correlations[0, 1]:.3f} |

    They differ by {distance:.3f} in total variation: the share of probability that would have to be
    moved to make one out of the other.
    """)


@app.cell
def _(boltzmann, figures, law):
    figures.pair_densities([law, boltzmann])
    return


@app.cell
def _(mo):
    question_1 = mo.md(r"""
    **Question.** Leave both couplings at 2 and choose the schedule *synchronous*. The means stay as
    they are, and the correlation vanishes, although each listens to the other. Why?
    """)
    answer_1 = mo.md(r"""
    When both update at once, each looks at what the other was *one step before*. The history
    splits into two interleaved ones, (σ₁ now, σ₂ before, σ₁ before that, …) and its twin, which
    never meet. At one instant the two states belong to different histories, so they are
    independent. The law is Little's, $p \propto e^{b_1 \sigma_1 + b_2 \sigma_2}\,
    e^{\phi(\theta_1) + \phi(\theta_2)}$, not Boltzmann's, where $\phi(\theta) = \ln (2 \sinh
    \theta / \theta)$ is the logarithm of what makes the area under $e^{\theta\sigma}$ one.
    """)
    mo.vstack([question_1, mo.accordion({"Show the answer": answer_1})])
    return answer_1, question_1


@app.cell
def _(mo):
    mo.md(r"""
    ## The two couplings need not be equal

    The published argument says that the law depends only on the symmetric part
    $J^\dagger = (J + J^T)/2$. Put $J_{12} = 0$ and $J_{21} = 4$: the symmetric part is as before.
    Then go through the schedules.
    """)


@app.cell
def _(mo):
    question_2 = mo.md(r"""
    **Question.** For $J_{12} = 0$, $J_{21} = 4$, which of the four schedules has the law of the
    symmetric part?
    """)
    answer_2 = mo.md(r"""
    None. The correlation is .76 where 1 updates before 2 in every sweep (with the couplings the
    other way round it is .00), .38 at random order, .00 if both update at once, and .49 in
    continuous time, where the law of the symmetric part says .57. In continuous time the
    antisymmetric part drives the state around, and against the walls of the square; a flow that
    ends at a wall changes the law. In the other schedules, as 1 listens to nobody here, all that
    the two have in common is what 2 heard of 1, and that depends on who came last.
    """)
    mo.vstack([question_2, mo.accordion({"Show the answer": answer_2})])
    return answer_2, question_2


@app.cell
def _(dp, mo, world):
    check = dp.derivation.step("joint-law").check(world)
    mo.md(f"""
    ## The same, as a step of the derivation

    For your couplings, both sides of "the joint law has the update as its conditional" differ by
    **{check.residual:.3g}**{"" if check.promised else ": the couplings are not symmetric"}.
    """)


if __name__ == "__main__":
    app.run()
