"""Pictures made of pictures: sample grids, contact sheets and films. Arrays in; arrays or files out."""
