"""Numbers about arrays: stability, calibration, class weights. No Keras, no files."""
