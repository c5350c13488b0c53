"""The subcommands, one a file; `tokenfleet.cli` lists them."""
