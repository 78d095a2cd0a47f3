//! Buckets of images and derivatives over any object_store backend.
