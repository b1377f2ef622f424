"""Numbers about arrays: stability, calibration, class weights. Nothing here knows of Keras or files."""
