"""Tests of the stand-in's own rules: what it must refuse."""
