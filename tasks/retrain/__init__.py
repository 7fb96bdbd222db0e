"""Retraining: new files become a dataset version, a challenger learns from it, and the better network is champion."""
