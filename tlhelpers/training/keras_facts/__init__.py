"""What the pages say Keras does, each as a function that looks whether this Keras does it.

It needs NumPy, Keras and a backend only, so that it runs on any Keras: ``tlhelpers canary`` runs
``python -m tlhelpers.training.keras_facts`` on many. All networks are tiny.
"""
