"""The day that tests live on: prices of the catalogue were collected just before."""

import datetime as dt

TODAY = dt.date(2026, 11, 21)
