"""Pages in a browser: the widths that are looked at, and waiting until something holds."""

import time

WIDTHS = (1280, 390)


def until(page, holds, seconds=20.0):
    """Wait until an expression holds; Playwright's own way would evaluate text in the page, which the page forbids."""
    last = time.monotonic() + seconds
    while not page.evaluate(holds):
        assert time.monotonic() < last, f"never came to be: {holds}"
        page.wait_for_timeout(50)
