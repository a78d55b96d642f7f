"""The derivation as a page: every step as the library states, proves, checks and draws it."""

from __future__ import annotations

from pathlib import Path

from deepparticle.derivation import STEPS, Step, draw_dependencies
from deepparticle.derivation.example import example_world

__all__ = ["derivation_page"]

_HEAD = """# The derivation, step by step

From sparse flows to inference of a whole network, in {count} steps. Each states something in words
and as an equation, says what it assumes and on which steps it rests, is proven where algebra
suffices, and is checked on a partition: here on three subparticles that see a scene. What you read
below was computed when this page was made. With a world of your own:

```python
import deepparticle as dp

course = dp.derivation.walk(world)  # in a notebook: shows the step it is at
course.forward()  # the next one
course.set("brain/eye -> brain/memory", 3.0)  # with other numbers
print(dp.derivation.trace(world))  # one step of inference and learning, with live numbers
```

In a terminal, `deepparticle teach` does the same, and `deepparticle teach joint-law --world
mine.json` begins at a step, on a saved world.

An arrow leads from a step to those that rest on it.

![The steps as boxes, joined by arrows](derivation-map.png)
"""


def derivation_page(folder: Path) -> tuple[str, str]:
    """The name and the text of the page; its pictures are written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_dependencies().savefig(folder / "derivation-map.png", dpi=130)
    parts = [
        _HEAD.format(count=len(STEPS)),
        *(_section(number, step, folder) for number, step in enumerate(STEPS, 1)),
    ]
    return "derivation.md", "\n\n".join(parts) + "\n"


def _section(number: int, step: Step, folder: Path) -> str:
    world = example_world()
    picture = f"derivation-{step.name}.png"
    step.figure(world).savefig(folder / picture, dpi=130)
    shown = step._repr_markdown_().replace("### ", f"## {number}. ", 1)
    parts = [shown, f"![{step.title}]({picture})"]
    proof, example = step.prove(), step.counterexample()
    if proof:
        parts += [f"<details><summary>Proof</summary>\n\n{proof._repr_markdown_()}\n\n</details>"]
    parts.append(f"On the three subparticles:\n\n```text\n{step.check(world)}\n```")
    if example:
        parts.append(f"The counter-example:\n\n```text\n{example}\n```")
    return "\n\n".join(parts)
