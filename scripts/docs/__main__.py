"""`python -m scripts.docs`: pages into build/docs, the site into site."""

import logging

from scripts.docs import reference, site


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    folder, out = reference.ROOT / "build" / "docs", reference.ROOT / "site"
    site.write(folder)
    site.make(folder, out)
    print(f"Open {out / 'index.html'}")


if __name__ == "__main__":
    main()
