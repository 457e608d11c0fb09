"""The documentation's generator: `python -m scripts.docs` writes and builds the site.

`words` puts text and code into a tongue, `reference` reads names, signatures and
docstrings, `render` makes Markdown of them, `catalog` holds translations of sentences,
`pages` fills the templates of `docs/`, `examples` says what examples may take as given,
`site` has MkDocs build the trees.
"""
