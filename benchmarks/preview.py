"""How closely the preview of a plan follows a slider that is dragged.

    python -m benchmarks.preview

Starts the real server on the sample cohort, opens a client's Step goals in Chromium and drags sliders with the mouse.
Each movement of a slider is timed in the browser, from its input event to the first frame that shows the plan for that
movement's values, or for newer ones where the hand was quicker than the answer. Browser and server run on one machine.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, WHAT_TO_INSTALL, find_chromium
from tests.browser.server import WorkbenchServer

MEDIAN_MS, P95_MS = 200, 400
SLIDERS = (
    "Baseline",
    "Responsiveness",
    "Self-efficacy",
    "Learned helplessness",
    "Challenge",
    "Most a goal may rise",
)
MOVES = 40  # mouse moves of one drag
PAUSE_MS = 16  # between two of them: as a hand's, one a frame

# Movements are numbered: `asked` is the newest, `drawn` the one whose values the picture shows.
STOPWATCH = """(node) => {
  window.asked = new Map();
  window.times = [];
  window.own = 0;
  new MutationObserver((records) => {
    for (const { attributeName } of records) {
      if (attributeName === "data-asked") window.asked.set(Number(node.dataset.asked), performance.now());
      if (attributeName !== "data-drawn") continue;
      const drawn = Number(node.dataset.drawn);
      const due = [...window.asked].filter(([number]) => number <= drawn);
      for (const [number] of due) window.asked.delete(number);
      window.own += due.some(([number]) => number === drawn);
      requestAnimationFrame(() => setTimeout(() => window.times.push(...due.map(([, at]) => performance.now() - at))));
    }
  }).observe(node, { attributes: true, attributeFilter: ["data-asked", "data-drawn"] });
}"""


def drag(page: Page, label: str, moves: int) -> None:
    """Drag one slider from a third of its track to two thirds and back."""
    slider = page.get_by_role("slider", name=label)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 3, middle)
    page.mouse.down()
    for move in range(moves):
        share = 1 - abs(2 * (move + 1) / moves - 1)
        page.mouse.move(box["x"] + box["width"] * (1 + share) / 3, middle)
        page.wait_for_timeout(PAUSE_MS)
    page.mouse.up()
    page.wait_for_function(
        "() => { const node = [...document.querySelectorAll('*')].map((e) => e.shadowRoot?.querySelector('.step-plan'))"
        ".find(Boolean); return node.dataset.asked === node.dataset.drawn && window.asked.size === 0; }"
    )


def measure(page: Page, address: str, rounds: int) -> tuple[list[float], int]:
    """Times in milliseconds, shortest first, and how many movements were drawn with their very own values."""
    page.goto(address)
    plan = page.locator(".step-plan")
    plan.wait_for(timeout=120_000)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=120_000)
    page.wait_for_timeout(1000)
    plan.evaluate(STOPWATCH)
    for _ in range(rounds):
        for label in SLIDERS:
            drag(page, label, MOVES)
    return sorted(page.evaluate("window.times")), int(page.evaluate("window.own"))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit(WHAT_TO_INSTALL)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        server = WorkbenchServer(Path(temporary) / "data").start(seconds=300)
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=[*ARGUMENTS])
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            times, own = measure(page, f"{server.url}/step_goals?client=1", options.rounds)
            browser.close()
        finally:
            server.stop()
    median, p95 = statistics.median(times), times[round(0.95 * (len(times) - 1))]
    print(
        f"movement of a slider to the plan on screen, {len(times)} movements of {options.rounds * len(SLIDERS)} drags:"
        f" median {median:.0f} ms (aim {MEDIAN_MS}), p95 {p95:.0f} ms (aim {P95_MS}), slowest {times[-1]:.0f} ms;"
        f" {own} of them were drawn with their very own values, the rest with newer ones"
    )
    return int(median > MEDIAN_MS or p95 > P95_MS)


if __name__ == "__main__":
    sys.exit(main())
