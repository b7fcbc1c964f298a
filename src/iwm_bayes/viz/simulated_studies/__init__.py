"""Plots of simulated studies: model recovery, parameter recovery, calibration, sample-size planning, predictions."""
