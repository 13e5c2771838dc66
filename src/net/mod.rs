//! Layers, networks, supernets, ordered parameters, optimiser.
