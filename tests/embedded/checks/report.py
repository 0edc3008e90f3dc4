"""What a run has found: lines as they come, and one table at the end."""

import threading
import time


class Report:
    def __init__(self):
        self.rows = []
        self.start = time.monotonic()
        self.lock = threading.Lock()

    def check(self, where, what, found, ok, bound=""):
        """Notes one figure or fact; `ok` is whether it is as it must be."""
        with self.lock:
            self.rows.append((where, what, str(found), str(bound), ok))
            if not ok:
                print(f"MISSED {where}: {what}: {found} {bound}", flush=True)
        return ok

    def at_most(self, where, what, found, bound):
        return self.check(where, what, f"{found:,}", found <= bound, f"<= {bound:,}")

    def show(self, where, what, found):
        """A figure without a bound."""
        return self.check(where, what, found, True, "shown")

    def say(self, text):
        print(f"{time.monotonic() - self.start:4.0f} s  {text}", flush=True)

    def print_table(self):
        """Prints all rows; true where there is one and none is missed."""
        columns = [("where", "what", "found", "bound", "")]
        columns += [(*row[:4], "ok" if row[4] else "MISSED") for row in self.rows]
        widths = [max(len(row[i]) for row in columns) for i in range(4)]
        for row in columns:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)), row[4])
        missed = sum(not row[4] for row in self.rows)
        print(f"\n{len(self.rows)} checks, {missed} missed, {time.monotonic() - self.start:.0f} s")
        return missed == 0 and bool(self.rows)
