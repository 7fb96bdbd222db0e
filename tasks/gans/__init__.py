"""The GAN that draws pictures. Only experiment.py, cleaning.py and ingest.py do without TensorFlow."""
