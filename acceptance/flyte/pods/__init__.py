"""Pods that are played instead of run."""
