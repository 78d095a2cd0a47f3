//! Configuration, instructions and processing URIs of the IIIF derivative programs.
