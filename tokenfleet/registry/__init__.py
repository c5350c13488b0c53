"""Registries and chart repositories, asked as anybody may."""
