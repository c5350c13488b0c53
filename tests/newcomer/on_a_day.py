"""The command as it answers on a day: ``on_a_day.py 2026-11-21 preview dev``."""

import datetime as dt
import sys

from tokenfleet.commands import answers
from tokenfleet.entry_point import main

DAY = dt.date.fromisoformat(sys.argv.pop(1))

# Commands are imported when they are called, and take it from there.
answers.today = lambda: DAY
main()
