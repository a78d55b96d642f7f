"""How Sphinx makes the site; ``python -m sitepages`` writes the pages and runs it."""

import sys
from pathlib import Path

from numpydoc.xref import DEFAULT_LINKS

import deepparticle

sys.path.insert(0, str(Path(__file__).parent))
from sitepages.reference import type_links

project = "deepparticle"
author = "The deepparticle authors"
copyright = "The deepparticle authors"  # noqa: A001 (the name that Sphinx reads)
version = release = deepparticle.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sitepages.resolver",
]

# --- Pages: as a code host shows them ----------------------------------------------------------

myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4

# --- The reference -----------------------------------------------------------------------------

autosummary_generate = False  # sitepages.reference writes the pages
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings name types with their shapes and units
default_role = "py:obj"
numpydoc_show_class_members = False  # each class has one page with all its members on it
numpydoc_xref_param_type = True  # types of parameters are links, if they are classes of ours
numpydoc_xref_aliases = type_links()
numpydoc_xref_ignore = "all"
DEFAULT_LINKS.clear()  # links to other sites, for the types of Python and NumPy
viewcode_line_numbers = True
smartquotes = False  # {"numpy", "jax"} are values

# --- What is seen ------------------------------------------------------------------------------

html_theme = "furo"
html_title = f"deepparticle {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_search_summary = False  # it fetches pages, which a browser refuses to do for files
pygments_style = "tango"

# Mathematics without internet access: the whole of MathJax that these pages need is in _static.
mathjax_path = "mathjax/tex-chtml-full.js"
mathjax3_config = {
    "options": {"enableMenu": False},  # its menu would fetch parts that are not here
    "tex": {"packages": {"[-]": ["noerrors", "noundefined"]}},  # a fault is seen, and found
}
