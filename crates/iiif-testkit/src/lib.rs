//! Generated test images, pixel comparison and a local S3 server. For tests, examples and benches only.
