"""How anything is shown: screens, pages, tables, drawings."""
