//! `iiif-process`: makes named derivatives of images.

fn main() {}
