"""The lessons: nine notebooks, from what separates two things to how objects become kernels.

They are plain Python files for marimo (extra ``lessons``), run as apps by ``deepparticle lessons``.
In a checkout they lie in ``examples/lessons``, and an installed package brings a copy along.
"""

from deepparticle.lessons.shelf import Lesson, find_lesson, is_control, lessons

__all__ = ["Lesson", "find_lesson", "is_control", "lessons"]
