"""What tests of pages in a browser share: window widths, and waiting for a condition."""

import time

WIDTHS = (1280, 390)


def until(page, condition, seconds=20.0):
    """Wait until a JavaScript condition is true.

    Playwright's own waiting evaluates text within the page, which the page's content policy forbids.
    """
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"never true: {condition}"
        page.wait_for_timeout(50)
