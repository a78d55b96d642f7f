"""The documentation as a site: pages from all over the checkout, and how Sphinx is run on them.

The pages of docs/ are written for a code host: their links are paths in the checkout. The site is
built from copies in a folder of its own, where every path that leaves docs/ leads to a page that
shows what is there (:mod:`sitepages.links`), where each public name has a page
(:mod:`sitepages.reference`), each lesson is run (:mod:`sitepages.lessons`), and the index carries
the navigation (:mod:`sitepages.pages`). ``python -m sitepages`` writes them and runs Sphinx.
"""
